import { act, fireEvent, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useToasts } from "~/state/toasts";
import { conversationOf, DropTarget } from "./DropTarget";
import { type FakeDocuments, failure, fakeDocuments, show } from "./fakeDocuments";
import { UploadTray } from "./UploadTray";

let server: FakeDocuments;

beforeEach(() => {
  server = fakeDocuments([]);
  vi.useFakeTimers({ shouldAdvanceTime: true });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  useToasts.setState({ toasts: [] });
});

it("a conversation that is open gets what is dropped on it", () => {
  expect(conversationOf("/")).toBe("new");
  expect(conversationOf("/c/a%20b")).toBe("a b");
  expect(conversationOf("/c/%")).toBeUndefined();
  expect(conversationOf("/library")).toBeUndefined();
});

describe("files over the page", () => {
  const transfer = (types: readonly string[], items: readonly object[] = []) =>
    ({ types, items, files: [], getData: () => "", dropEffect: "none" }) as unknown as DataTransfer;
  const shown = () => screen.queryByText("Drop files or folders here") !== null;

  it("are told where they can be dropped, until they leave", () => {
    show(<DropTarget>page</DropTarget>);
    fireEvent.dragOver(document.body, { dataTransfer: transfer(["Files"]) });
    expect(shown()).toBe(true);
    fireEvent.dragLeave(document.body, { relatedTarget: null });
    expect(shown()).toBe(false);
  });

  it("are forgotten when nothing is heard of them any more", async () => {
    show(<DropTarget>page</DropTarget>);
    fireEvent.dragOver(document.body, { dataTransfer: transfer(["Files"]) });
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(shown()).toBe(false);
  });

  it("are not taken for texts or things of the page itself", () => {
    show(<DropTarget>page</DropTarget>);
    fireEvent.dragOver(document.body, { dataTransfer: transfer(["text/plain"]) });
    expect(shown()).toBe(false);
    fireEvent.dragStart(document.body);
    fireEvent.dragOver(document.body, { dataTransfer: transfer(["Files", "text/html"]) });
    expect(shown()).toBe(false);
    fireEvent.dragEnd(document.body);
  });

  it("are left to who takes them itself", () => {
    show(
      <DropTarget>
        <textarea aria-label="own" onDragOver={(event) => event.preventDefault()} />
      </DropTarget>,
    );
    fireEvent.dragOver(screen.getByRole("textbox", { name: "own" }), { dataTransfer: transfer(["Files"]) });
    expect(shown()).toBe(false);
  });

  it("are uploaded with the folders they lie in", async () => {
    server.intercept = () => failure(422, "invalid_field", "The file is not to the server's liking.");
    show(
      <DropTarget>
        <UploadTray />
      </DropTarget>,
    );
    const file = {
      isFile: true,
      name: "a.md",
      file: (done: (file: File) => void) => done(new File(["x"], "a.md")),
    };
    const left = [file];
    const folder = {
      isDirectory: true,
      name: "notes",
      createReader: () => ({ readEntries: (done: (entries: unknown[]) => void) => done(left.splice(0)) }),
    };
    const items = [{ kind: "file", webkitGetAsEntry: () => folder, getAsFile: () => null }];
    fireEvent.drop(document.body, { dataTransfer: transfer(["Files"], items) });
    expect(await screen.findByTitle("notes/a.md")).toBeInTheDocument();
    expect(await screen.findByText("The file is not to the server's liking.")).toBeInTheDocument();
    expect(server.requests).toEqual(["POST /api/documents"]);
  });

  it("say so where there is nothing in them", async () => {
    show(<DropTarget>page</DropTarget>);
    const empty = {
      isFile: false,
      isDirectory: true,
      name: "empty",
      createReader: () => ({ readEntries: (done: (entries: unknown[]) => void) => done([]) }),
    };
    const items = [{ kind: "file", webkitGetAsEntry: () => empty, getAsFile: () => null }];
    fireEvent.drop(document.body, { dataTransfer: transfer(["Files"], items) });
    expect(await screen.findByText("There was no file in what you chose.")).toBeInTheDocument();
  });
});
