import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { usePanel } from "~/state/panel";
import { useToasts } from "~/state/toasts";
import { commitAll } from "~/state/undoable";
import { keepDocument } from "./deleting";
import { type FakeDocuments, failure, fakeDocuments, show, view } from "./fakeDocuments";
import { LibraryPage } from "./LibraryPage";
import { UploadIndicator } from "./UploadIndicator";

let server: FakeDocuments;
let user: UserEvent;

beforeEach(() => {
  server = fakeDocuments([view("a.pdf"), view("folder/b.md", { pages: null }), view("c.txt")]);
  vi.useFakeTimers({ shouldAdvanceTime: true });
  user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
});

afterEach(async () => {
  act(commitAll);
  await act(() => vi.advanceTimersByTimeAsync(100));
  vi.useRealTimers();
  vi.unstubAllGlobals();
  useToasts.setState({ toasts: [] });
});

const rows = (): string[] =>
  within(screen.getByRole("region", { name: "Your documents" }))
    .getAllByRole("button", { name: /^Preview / })
    .map((each) => each.textContent ?? "");

describe("the library", () => {
  it("lists the documents with what became of them", async () => {
    show(<LibraryPage />);
    const row = (await screen.findByRole("button", { name: "Preview a.pdf" })).closest("li");
    expect(row).toHaveTextContent("Ready3 pages · 12 passages · 2 kB");
    expect(rows()).toEqual(["a.pdf", "folder/b.md", "c.txt"]);
    expect(screen.getByText("3 documents")).toBeInTheDocument();
  });

  it("tells where files can be put while there are none", async () => {
    server.documents = [];
    show(<LibraryPage />);
    expect(await screen.findByRole("heading", { name: "No documents yet" })).toBeInTheDocument();
    expect(screen.getByText("~/.chatbot/documents")).toBeInTheDocument();
    expect(screen.getByText(/^aws s3 cp/)).toBeInTheDocument();
  });

  it("says how documents are switched on where they are off", async () => {
    server.intercept = () =>
      failure(404, "documents_disabled", "Documents are switched off in this deployment.");
    show(<LibraryPage />);
    expect(await screen.findByText(/scripts\/enable-rag\.sh/)).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Add files" })).not.toBeInTheDocument();
  });

  it("says why they cannot be listed, and tries again", async () => {
    server.intercept = () => failure(403, "forbidden", "This key may not list documents.");
    show(<LibraryPage />);
    expect(await screen.findByText("This key may not list documents.")).toBeInTheDocument();
    server.intercept = () => undefined;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(rows()).toHaveLength(3));
  });

  it("finds by name, and says when nothing is found", async () => {
    show(<LibraryPage />);
    const search = await screen.findByRole("searchbox", { name: "Search by name" });
    await user.type(search, "FOLDER");
    await waitFor(() => expect(rows()).toEqual(["folder/b.md"]));
    await user.type(search, "x");
    expect(await screen.findByText("No document has “FOLDERx” in its name")).toBeInTheDocument();
  });

  it("follows a document that is being read until it is ready", async () => {
    server.documents = [view("a.pdf", { status: "processing", progress: 0.25 })];
    show(<LibraryPage />);
    const bar = await screen.findByRole("progressbar", { name: "Reading a.pdf" });
    expect(bar).toHaveAttribute("value", "0.25");
    server.documents = [view("a.pdf")];
    await waitFor(() => expect(screen.getByText("Ready")).toBeInTheDocument(), { timeout: 5_000 });
  });

  it("gives the reason of a failure, and has the document read again", async () => {
    server.documents = [view("a.pdf", { status: "failed", error: "The PDF is protected by a password." })];
    show(<LibraryPage />);
    expect(await screen.findByText("The PDF is protected by a password.")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Read again: a.pdf" }));
    expect(await screen.findByText("Waiting")).toBeInTheDocument();
    expect(server.requests).toContain("POST /api/documents/id-a.pdf/retry");
  });

  it("opens the preview", async () => {
    show(<LibraryPage />);
    await user.click(await screen.findByRole("button", { name: "Preview a.pdf" }));
    expect(usePanel.getState().content).toEqual({
      kind: "document",
      documentId: "id-a.pdf",
      filename: "a.pdf",
    });
    act(() => usePanel.getState().close());
  });
});

describe("deleting", () => {
  it("takes the document away at once, and undo brings it back without a request", async () => {
    show(<LibraryPage />);
    await user.click(await screen.findByRole("button", { name: "Delete a.pdf" }));
    expect(rows()).toEqual(["folder/b.md", "c.txt"]);
    expect(screen.getByRole("button", { name: "Delete folder/b.md" })).toHaveFocus();
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(rows()).toEqual(["a.pdf", "folder/b.md", "c.txt"]);
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(server.requests.filter((line) => line.startsWith("DELETE"))).toEqual([]);
  });

  it("is done when nobody objects", async () => {
    show(<LibraryPage />);
    await user.click(await screen.findByRole("button", { name: "Delete a.pdf" }));
    await user.unhover(screen.getByText(/deleted/));
    act(() => (document.activeElement as HTMLElement).blur());
    await act(() => vi.advanceTimersByTimeAsync(20_000));
    expect(server.requests).toContain("DELETE /api/documents/id-a.pdf");
    expect(rows()).toEqual(["folder/b.md", "c.txt"]);
  });

  it("is done at once when the page goes away", async () => {
    show(<LibraryPage />);
    await user.click(await screen.findByRole("button", { name: "Delete c.txt" }));
    act(() => void window.dispatchEvent(new Event("pagehide")));
    await waitFor(() => expect(server.requests).toContain("DELETE /api/documents/id-c.txt"));
  });

  it("of several at once deletes those that can be, and brings back the others with the reason", async () => {
    show(<LibraryPage />);
    await user.click(await screen.findByRole("checkbox", { name: "Select all" }));
    await user.click(screen.getByRole("checkbox", { name: "Select c.txt" }));
    expect(screen.getByText("2 selected")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Delete selected" }));
    expect(rows()).toEqual(["c.txt"]);
    expect(screen.getByRole("heading", { name: "Documents" })).toHaveFocus();
    server.intercept = (line) =>
      line === "DELETE /api/documents/id-folder/b.md"
        ? failure(503, "store_unavailable", "The store does not answer.")
        : undefined;
    act(commitAll);
    expect(await screen.findByText(/The store does not answer\./)).toBeInTheDocument();
    expect(rows()).toEqual(["folder/b.md", "c.txt"]);
  });

  describe("that the page had no time for", () => {
    const deleteAll = async () => {
      show(<LibraryPage />);
      await user.click(await screen.findByRole("checkbox", { name: "Select all" }));
      await user.click(screen.getByRole("button", { name: "Delete selected" }));
    };
    const leaveWithoutConnection = async () => {
      server.intercept = (line) =>
        line.startsWith("DELETE") && !line.endsWith("c.txt") ? failure(503, "unavailable", "") : undefined;
      act(() => void window.dispatchEvent(new Event("pagehide")));
      await waitFor(() => expect(server.documents).toHaveLength(2));
      await act(() => vi.advanceTimersByTimeAsync(100));
      cleanup();
      server.intercept = () => undefined;
      server.requests.length = 0;
    };
    const deletes = () => server.requests.filter((line) => line.startsWith("DELETE"));

    it("is finished by the next one, once", async () => {
      await deleteAll();
      await leaveWithoutConnection();
      show(<UploadIndicator />);
      await waitFor(() => expect(server.documents).toEqual([]));
      expect(deletes()).toEqual(["DELETE /api/documents/id-a.pdf", "DELETE /api/documents/id-folder/b.md"]);
      await act(() => vi.advanceTimersByTimeAsync(100));
      cleanup();
      show(<UploadIndicator />);
      await act(() => vi.advanceTimersByTimeAsync(100));
      expect(deletes()).toHaveLength(2);
    });

    it("is not for a document that was uploaded again since", async () => {
      await deleteAll();
      await leaveWithoutConnection();
      keepDocument("id-a.pdf");
      show(<UploadIndicator />);
      await waitFor(() => expect(server.documents).toHaveLength(1));
      await act(() => vi.advanceTimersByTimeAsync(100));
      expect(deletes()).toEqual(["DELETE /api/documents/id-folder/b.md"]);
    });

    it("is left to the user where it failed and that was said", async () => {
      await deleteAll();
      server.intercept = (line) => (line.startsWith("DELETE") ? failure(422, "refused", "No.") : undefined);
      await user.click(screen.getByRole("button", { name: "Dismiss" }));
      expect(await screen.findByText(/No\./)).toBeInTheDocument();
      cleanup();
      server.requests.length = 0;
      show(<UploadIndicator />);
      await act(() => vi.advanceTimersByTimeAsync(100));
      expect(deletes()).toEqual([]);
    });
  });

  it("of the last one leaves the focus on the heading", async () => {
    server.documents = [view("a.pdf")];
    show(<LibraryPage />);
    await user.click(await screen.findByRole("button", { name: "Delete a.pdf" }));
    expect(screen.getByRole("heading", { name: "Documents" })).toHaveFocus();
  });
});
