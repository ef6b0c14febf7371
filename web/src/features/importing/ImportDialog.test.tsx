import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { createQueryClient } from "~/api/queries";
import { knownIds, sendTurns } from "./api";
import type { OpenExport } from "./exportReader";
import ImportDialog from "./ImportDialog";
import type { ImportRequest } from "./importAll";
import { readExport } from "./readExport";
import { turnsOf } from "./turns";

const close = vi.hoisted(() => vi.fn());

// Without the worker, which tests have none of: the same reading on the same side.
vi.mock("./exportReader", () => ({
  openExport: async (
    files: readonly Blob[],
    notes: Parameters<typeof readExport>[1],
  ): Promise<OpenExport> => {
    const { conversations, skipped } = await readExport(files, notes);
    const turns = new Map(conversations.map((each) => [each.id, turnsOf(each, notes)]));
    const summaries = conversations.map(({ id, title, changed }) => ({
      id,
      title,
      changed: changed && changed / 1_000,
      turns: turns.get(id)?.length ?? 0,
    }));
    return { summaries, skipped, turnsOf: async (id) => turns.get(id) ?? [], close };
  },
}));
vi.mock("./api", () => ({ knownIds: vi.fn(), sendTurns: vi.fn(), wait: vi.fn(async () => undefined) }));

const chat = (id: string, title: string) => ({
  title,
  conversation_id: id,
  update_time: 1_700_000_000,
  mapping: {
    q: {
      message: { author: { role: "user" }, content: { content_type: "text", parts: [`About ${title}`] } },
    },
  },
});
const file = (content: unknown, name = "conversations.json"): File =>
  new File([JSON.stringify(content)], name);
const EXPORT = file([chat("a", "Über Käse"), chat("b", "Rome"), chat("c", "Python"), { nothing: true }]);

function opened(onClose = vi.fn()) {
  const { container } = render(
    <QueryClientProvider client={createQueryClient()}>
      <ImportDialog onClose={onClose} />
    </QueryClientProvider>,
  );
  const choose = async (...files: File[]): Promise<void> => {
    const input = container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    await userEvent.upload(input, files, { applyAccept: false });
  };
  return { onClose, choose };
}

const imported = (): string[] =>
  vi
    .mocked(sendTurns)
    .mock.calls.map(([request]) => request.conversation_id)
    .sort();

beforeEach(() => {
  close.mockReset();
  vi.mocked(knownIds).mockImplementation(async function* () {
    yield ["chatgpt-b"];
  });
  vi.mocked(sendTurns).mockReset();
  vi.mocked(sendTurns).mockImplementation(async ({ conversation_id, turns }: ImportRequest) => ({
    conversation_id,
    imported: turns.length,
    skipped: 0,
  }));
});

describe("the import", () => {
  it("shows what is in the export, and what is here already", async () => {
    const { choose } = opened();
    await choose(EXPORT);
    const list = await screen.findByRole("list", { name: "Conversations in the export" });
    expect(within(list).getAllByRole("listitem")).toHaveLength(3);
    const rome = within(list).getByRole("checkbox", { name: /Rome/ }).closest("li");
    await waitFor(() => expect(rome).toHaveTextContent("Already here"));
    expect(screen.getByText(/1 entry of the export holds no text/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Import" })).toBeDisabled();
  });

  it("sends the conversations that were chosen, and says how it went", async () => {
    const { choose, onClose } = opened();
    await choose(EXPORT);
    await userEvent.click(await screen.findByRole("checkbox", { name: /Käse/ }));
    await userEvent.click(screen.getByRole("checkbox", { name: /Python/ }));
    await userEvent.click(screen.getByRole("button", { name: "Import 2 conversations" }));
    expect(await screen.findByText("2 conversations imported.")).toBeVisible();
    expect(imported()).toEqual(["chatgpt-a", "chatgpt-c"]);
    expect(vi.mocked(sendTurns).mock.calls[0]?.[0]).toMatchObject({
      title: "Über Käse",
      turns: [{ question: "About Über Käse", reply: "(no answer in the export)" }],
    });
    expect(screen.getAllByText("1 question imported")).toHaveLength(2);
    await userEvent.click(screen.getAllByRole("button", { name: "Close" }).at(-1) ?? document.body);
    expect(onClose).toHaveBeenCalled();
  });

  it("selects what a search finds, all at once", async () => {
    const { choose } = opened();
    await choose(EXPORT);
    await userEvent.type(await screen.findByRole("searchbox", { name: "Search in titles" }), "kase");
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select 1 conversation" }));
    await userEvent.click(screen.getByRole("button", { name: "Import 1 conversation" }));
    await screen.findByText("1 conversation imported.");
    expect(imported()).toEqual(["chatgpt-a"]);
  });

  it("says why one failed, leaves it chosen, and tries it again", async () => {
    vi.mocked(sendTurns).mockImplementationOnce(async () => {
      throw new ApiError(422, "invalid_field", "asked_at of turn 1 lies in the future.");
    });
    const { choose } = opened();
    await choose(EXPORT);
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select all 3" }));
    await userEvent.click(screen.getByRole("button", { name: "Import 3 conversations" }));
    expect(await screen.findByText("asked_at of turn 1 lies in the future.")).toBeVisible();
    expect(await screen.findByText(/1 failed/)).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "Try again" }));
    expect(await screen.findByText("3 conversations imported.")).toBeVisible();
    expect(vi.mocked(sendTurns)).toHaveBeenCalledTimes(4);
  });

  it("stops when told to, and keeps what it has done and what is left", async () => {
    vi.mocked(sendTurns).mockImplementation(async (request: ImportRequest, signal: AbortSignal) => {
      const { conversation_id } = request;
      if (conversation_id === "chatgpt-a") return { conversation_id, imported: 1, skipped: 0 };
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    });
    const { choose } = opened();
    await choose(EXPORT);
    await userEvent.click(await screen.findByRole("checkbox", { name: "Select all 3" }));
    await userEvent.click(screen.getByRole("button", { name: "Import 3 conversations" }));
    await screen.findByText("1 of 3 imported.");
    await userEvent.click(screen.getByRole("button", { name: "Stop importing" }));
    expect(await screen.findByRole("button", { name: "Import 2 conversations" })).toBeEnabled();
    expect(screen.getByText("1 question imported")).toBeVisible();
  });

  it("says what is wrong with a file, and takes another", async () => {
    const { choose } = opened();
    await choose(file("no export at all", "diary.txt"));
    expect(await screen.findByRole("alert")).toHaveTextContent("no export of ChatGPT or of this chatbot");
    await choose(EXPORT);
    expect(await screen.findByRole("list", { name: "Conversations in the export" })).toBeVisible();
    expect(close).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole("button", { name: "Another file" }));
    expect(screen.getByRole("button", { name: "Choose files" })).toBeVisible();
    // The old export goes out of memory while another is looked for.
    expect(close).toHaveBeenCalledOnce();
  });

  it("takes files that are dropped anywhere, so that the page does not take them for documents", async () => {
    opened();
    const seen = vi.fn();
    for (const name of ["dragenter", "dragover", "drop"]) {
      document.addEventListener(name, (event) => seen(name, event.defaultPrevented), { once: true });
      const event = new Event(name, { bubbles: true, cancelable: true });
      Object.assign(event, { dataTransfer: { types: ["Files"], files: [EXPORT] } });
      document.body.dispatchEvent(event);
      expect(seen).toHaveBeenLastCalledWith(name, true);
    }
    expect(await screen.findByRole("list", { name: "Conversations in the export" })).toBeVisible();
  });

  it("works though nobody can say what is here already", async () => {
    vi.mocked(knownIds).mockImplementation(async function* () {
      yield await Promise.reject(new ApiError(0, "offline", ""));
    });
    const { choose } = opened();
    await choose(EXPORT);
    expect(await screen.findByRole("checkbox", { name: /Rome/ })).toBeEnabled();
  });
});
