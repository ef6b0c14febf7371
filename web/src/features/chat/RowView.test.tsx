import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { draftOf, useDrafts } from "~/state/drafts";
import { usePanel } from "~/state/panel";
import type { MessageView } from "./conversation";
import { addText, changeTurn, putTurn, useTurnsOf } from "./liveTurns";
import { RowView } from "./RowView";
import { rowsOf } from "./rows";
import { type FakeServer, forgetPage, liveTurn, messagesOf, startServer } from "./testing";

let server: FakeServer;

beforeEach(() => {
  server = startServer();
  forgetPage();
});
afterEach(() => vi.unstubAllGlobals());

function Rows({ messages }: { readonly messages: readonly MessageView[] }) {
  const turns = useTurnsOf("c");
  return rowsOf(messages, turns).map((row) => <RowView key={row.key} row={row} conversationId="c" />);
}

const show = (messages: readonly MessageView[] = []) => {
  const client = new QueryClient();
  const page = (shown: readonly MessageView[]) => (
    <QueryClientProvider client={client}>
      <Rows messages={shown} />
    </QueryClientProvider>
  );
  const { rerender } = render(page(messages));
  return { showAgain: (shown: readonly MessageView[]) => rerender(page(shown)) };
};

const citation = (number: number, page: number | null = null) => ({
  number,
  document_id: `d${number}`,
  document: `manuals/file${number}.pdf`,
  page,
  section: null,
  text: "passage",
  score: 1,
});

function saved(change: Partial<MessageView>): MessageView[] {
  const [question, answer] = messagesOf(1);
  return question && answer ? [question, { ...answer, ...change }] : [];
}

describe("a question", () => {
  it("is shown as it was typed", () => {
    const [question] = messagesOf(1);
    if (question) show([{ ...question, text: "# no heading\n<b>no tag</b>  two  spaces" }]);
    const text = "# no heading\n<b>no tag</b>  two  spaces";
    expect(
      screen.getByText(
        (_, element) => element?.textContent === text && element.getAttribute("dir") === "auto",
      ),
    ).toBeVisible();
  });

  it("can be changed in its place and sent, and is not lost where that is given up and taken up again", async () => {
    show(messagesOf(1));
    await userEvent.click(screen.getByRole("button", { name: "Edit the question" }));
    const box = screen.getByRole("textbox", { name: "Your question, changed" });
    expect(box).toHaveFocus();
    expect(box).toHaveValue("Question 1");
    await userEvent.type(box, "?");
    expect(localStorage.getItem("chatbot.edit.q1")).toContain('"text":"Question 1?"');
    await userEvent.click(screen.getByRole("button", { name: "Save and send" }));
    await vi.waitFor(() =>
      expect(server.turns[0]?.body).toMatchObject({ message: "Question 1?", replaces: "q1" }),
    );
    expect(localStorage.getItem("chatbot.edit.q1")).toBeNull();
  });

  it("stays as it was with Escape", async () => {
    show(messagesOf(1));
    await userEvent.click(screen.getByRole("button", { name: "Edit the question" }));
    await userEvent.keyboard("x{Escape}");
    expect(screen.queryByRole("textbox")).toBeNull();
    expect(screen.getByText("Question 1")).toBeVisible();
  });
});

describe("an answer that is being written", () => {
  it("says what goes on, then shows the text, then what it took", () => {
    putTurn(liveTurn({ stage: "retrieving" }));
    show();
    expect(screen.getByText("Searching your documents")).toBeVisible();
    const article = screen.getByRole("heading", { name: "Chatbot" }).closest("article");
    expect(article).toHaveAttribute("aria-busy", "true");
    act(() => addText("key-1", "Because **so**."));
    expect(screen.getByText("so")).toBeVisible();
    expect(screen.queryByText("Searching your documents")).toBeNull();
    act(() =>
      changeTurn("key-1", (turn) => ({
        ...turn,
        phase: "done",
        model: "builtin",
        stopReason: "end_turn",
        usage: { input_tokens: 1200, output_tokens: 34, cache_read_tokens: 0, cost_usd: 0.0123 },
      })),
    );
    expect(screen.getByText("1,200 tokens in, 34 out")).toBeVisible();
    expect(screen.getByText("$0.012")).toBeVisible();
    expect(article).toHaveAttribute("aria-busy", "false");
  });

  it("stays the same elements when it is saved", () => {
    putTurn(liveTurn({ phase: "done", messageId: "a1", model: "builtin" }));
    const { showAgain } = show();
    act(() => addText("key-1", "Answer 1"));
    const before = screen.getByText("Answer 1");
    showAgain(messagesOf(1));
    expect(screen.getByText("Answer 1")).toBe(before);
  });

  it.each([
    [{ stage: "waking_index" }, /10 to 30 seconds/],
    [{ stage: "generating", documentsUnavailable: true }, /cannot be searched just now/],
    [{ stage: "fallback", model: "openai:other@http://x" }, /other takes over/],
    [{ resumed: true }, /Still being answered/],
    [{ elsewhere: true }, /in another tab/],
    [{ phase: "stopping" }, /Stopping/],
  ] as const)("says so with %j", (change, text) => {
    putTurn(liveTurn(change));
    show();
    expect(screen.getByText(text)).toBeVisible();
  });
});

describe("a finished answer", () => {
  it.each([
    [{ stop_reason: "stopped" }, /You stopped/],
    [{ stop_reason: "max_tokens" }, /cut off/],
    [{ stop_reason: "content_filtered" }, /held back/],
    [{ stop_reason: "guardrail_intervened" }, /guardrail/],
    [{ stop_reason: "context_exceeded" }, /longer than the model can read/],
    [{ retrieval: "unavailable" }, /could not be searched/],
    [{ retrieval: "no_match" }, /Nothing in your documents/],
  ] as const)("says so with %j", (change, text) => {
    show(saved(change));
    expect(screen.getByText(text)).toBeVisible();
  });

  it("that was cut off can be gone on with", async () => {
    useDrafts.getState().write("c", "half a thought");
    show(saved({ stop_reason: "max_tokens" }));
    await userEvent.click(screen.getByRole("button", { name: "Go on" }));
    expect(draftOf("c")).toBe("half a thought");
    await vi.waitFor(() => expect(server.turns[0]?.body.message).toMatch(/go on/));
  });

  it("lists the sources that it cites, and the others when asked for, and opens them", async () => {
    const citations = [citation(1, 3), citation(2), citation(3)];
    show(saved({ text: "So it is [1] and [3]. Not [9].", citations }));
    const sources = within(screen.getByRole("region", { name: "Sources" }));
    const names = () => sources.getAllByRole("button").map((button) => button.textContent);
    expect(names()).toEqual(["Source 1file1.pdfp. 3", "Source 3file3.pdf", "1 more passage read"]);
    await userEvent.click(sources.getByRole("button", { name: "1 more passage read" }));
    expect(names()).toContain("Source 2file2.pdf");
    await userEvent.click(sources.getByRole("button", { name: /Source 2/ }));
    expect(usePanel.getState().content).toEqual({ kind: "citation", citations, number: 2 });
  });

  it("can be asked for again", async () => {
    show(saved({ model: "builtin" }));
    await userEvent.click(screen.getByRole("button", { name: "Answer again" }));
    await vi.waitFor(() =>
      expect(server.turns[0]?.body).toMatchObject({ message: "Question 1", replaces: "a1" }),
    );
  });

  it("says plainly that a price is not known, and that a model is free", () => {
    const usage = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cost_usd: null };
    show([
      ...saved({ usage }),
      ...messagesOf(1, 2).map((message) => ({ ...message, usage: { ...usage, cost_usd: 0 } })),
    ]);
    expect(screen.getByText("price not known")).toBeVisible();
    expect(screen.getByText("free")).toBeVisible();
  });
});
