import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Route, Switch } from "wouter";
import { navigate } from "wouter/use-browser-location";
import { ApiError } from "~/api/errors";
import { NEW } from "~/state/choices";
import { draftOf, useDrafts } from "~/state/drafts";
import { ConversationPage } from "./ConversationPage";
import { copyLast, editLast, regenerateLast, stopCurrent } from "./commands";
import { openEdit, useEditing, writeEdit } from "./editing";
import { putTurn, turnsOf } from "./liveTurns";
import { keep, keptTurns } from "./pendingTurns";
import { tellSaved } from "./savedNews";
import {
  askedTurn,
  delta,
  doneEvent,
  type FakeServer,
  forgetPage,
  liveTurn,
  messagesOf,
  refusal,
  started,
  startServer,
} from "./testing";

let server: FakeServer;

const conversation = (turns: number): Response => conversationWith(messagesOf(turns));
const conversationWith = (messages: readonly unknown[], next_cursor?: string): Response =>
  Response.json({
    conversation_id: "c",
    title: "Rain",
    created_at: "2025-01-01T00:00:00Z",
    updated_at: "2025-01-01T00:00:00Z",
    messages,
    next_cursor,
  });

beforeEach(() => {
  server = startServer();
  forgetPage();
  server.pages.set("/health", () => Response.json({ status: "ok", version: "1", model: "builtin" }));
  server.pages.set("/models", () => Response.json({ models: [] }));
});
afterEach(() => vi.unstubAllGlobals());

function open(path: string): void {
  history.replaceState(null, "", path);
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Switch>
        <Route path="/c/:id">{({ id }) => <ConversationPage conversationId={id} />}</Route>
        <Route>
          <ConversationPage conversationId={undefined} />
        </Route>
      </Switch>
    </QueryClientProvider>,
  );
}
const box = () => screen.findByRole("textbox", { name: "Your message" });

describe("the page of a conversation", () => {
  it("begins a new one with who answers, and suggestions that are sent", async () => {
    open("/");
    expect(await screen.findByText(/built-in model answers here/)).toBeVisible();
    expect(screen.getByRole("link", { name: /connect a better one/ })).toHaveAttribute("href", "/welcome");
    await userEvent.click(screen.getByRole("button", { name: /Compare in a table/ }));
    await vi.waitFor(() => expect(server.turns[0]?.body.message).toMatch(/Compare tea and coffee/));
    expect(location.pathname).toBe(`/c/${server.turns[0]?.body.conversation_id}`);
  });

  it("asks the server for nothing of a conversation that is just beginning, and for all of it when it is saved", async () => {
    open("/");
    await userEvent.type(await box(), "Hello{Enter}");
    await vi.waitFor(() => expect(server.turns).toHaveLength(1));
    const id = server.turns[0]?.body.conversation_id ?? "";
    const read = vi.fn(() => conversation(1));
    server.pages.set(`/conversations/${id}`, read);
    server.turns[0]?.send(started("a1"), delta("Hi."));
    await vi.waitFor(() => expect(turnsOf(id)[0]?.messageId).toBe("a1"));
    expect(read).not.toHaveBeenCalled();
    server.turns[0]?.send(doneEvent);
    expect(await screen.findByRole("heading", { name: "Rain" })).toBeInTheDocument();
    expect(turnsOf(id)).toEqual([]);
  });

  it("keeps what is typed where something else is sent", async () => {
    open("/");
    await userEvent.type(await box(), "half a thought");
    await userEvent.click(screen.getByRole("button", { name: /Compare in a table/ }));
    await vi.waitFor(() => expect(server.turns).toHaveLength(1));
    expect(draftOf(NEW)).toBe("half a thought");
  });

  it("shows the answer that a failed first turn got after all, and asks for it no more", async () => {
    const turn = liveTurn({
      ...askedTurn({ begins: true, messageId: "a1" }),
      ...{ phase: "failed", error: new ApiError(0, "unfinished", "") },
    });
    keep(turn);
    putTurn(turn);
    server.pages.set("/conversations/c", () => conversation(1));
    open("/c/c");
    expect(await screen.findByRole("heading", { name: "Rain" })).toBeInTheDocument();
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
    expect(keptTurns()).toEqual([]);
  });

  it("stays open where the first turn failed and nothing is on the server", async () => {
    putTurn(liveTurn({ begins: true, phase: "failed", error: new ApiError(0, "stream_broken", "") }));
    const read = vi.fn(() => refusal(404, "not_found"));
    server.pages.set("/conversations/c", read);
    open("/c/c");
    await vi.waitFor(() => expect(read).toHaveBeenCalled());
    expect(turnsOf("c").map((turn) => turn.phase)).toEqual(["failed"]);
    expect(screen.queryByText("There is no such conversation")).toBeNull();
    expect(await box()).toBeVisible();
  });

  it("lets go of a turn that was saved and is not there any more", async () => {
    server.pages.set("/conversations/c", () => conversation(1));
    putTurn(liveTurn({ phase: "done", messageId: "replaced", savedBy: Date.now() - 1 }));
    open("/c/c");
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
  });

  it("keeps a turn that was saved after the messages had been asked for", async () => {
    server.pages.set("/conversations/c", () => conversation(1));
    putTurn(liveTurn({ phase: "done", messageId: "a2", savedBy: Date.now() + 60_000 }));
    open("/c/c");
    await screen.findByRole("heading", { name: "Rain" });
    expect(turnsOf("c")).toHaveLength(1);
  });

  it("puts what was typed in a conversation that is gone into the box of a new one", async () => {
    useDrafts.getState().write("gone", "half a thought");
    openEdit("q1", "Question 1", "gone");
    writeEdit("q1", "Question 1, changed");
    openEdit("q2", "Question 2", "gone");
    open("/c/gone");
    expect(await screen.findByText("There is no such conversation")).toBeVisible();
    expect(draftOf(NEW)).toBe("half a thought\n\nQuestion 1, changed");
    expect(draftOf("gone")).toBe("");
    expect(useEditing.getState().texts).toEqual({});
  });

  it("ends the editors of questions that are gone, and of no others", async () => {
    server.pages.set("/conversations/c", () => conversation(1));
    openEdit("q1", "Question 1", "c");
    openEdit("q7", "Question 7", "c");
    openEdit("q9", "Question 9", "other");
    open("/c/c");
    await screen.findByRole("heading", { name: "Rain" });
    await vi.waitFor(() => expect(localStorage.getItem("chatbot.edit.q7")).toBeNull());
    expect(useEditing.getState().texts).toEqual({ q1: "Question 1", q9: "Question 9" });
    expect(draftOf("c")).toBe("");
  });

  describe("after a first question that was refused", () => {
    const refused = liveTurn({
      ...askedTurn({ begins: true, conversationId: "unlisted" }),
      ...{ phase: "failed", error: new ApiError(413, "too_large", "") },
    });

    it("has it in the box of a new conversation", async () => {
      putTurn(refused);
      open("/");
      expect(await box()).toHaveValue("Why?");
      expect(turnsOf("unlisted")).toEqual([]);
    });

    it("keeps it while that box holds something else", async () => {
      putTurn(refused);
      useDrafts.getState().write(NEW, "half a thought");
      open("/");
      expect(await box()).toHaveValue("half a thought");
      expect(turnsOf("unlisted")).toHaveLength(1);
    });

    it("shows it in its place, and keeps what may have been answered", async () => {
      putTurn(refused);
      const error = new ApiError(0, "stream_broken", "");
      putTurn({ ...refused, key: "key-2", conversationId: "unheard", askedAt: Date.now(), error });
      open("/c/unlisted");
      await box();
      expect([...turnsOf("unlisted"), ...turnsOf("unheard")]).toHaveLength(2);
      expect(draftOf(NEW)).toBe("");
    });
  });

  it("asks for older messages once, and again only when somebody wants it", async () => {
    let asked = 0;
    server.pages.set("/conversations/c", () => {
      asked += 1;
      return asked === 1 || asked > 3
        ? conversationWith(messagesOf(2), asked === 1 ? "older" : undefined)
        : refusal(503, "store_unavailable");
    });
    open("/c/c");
    await screen.findByRole("heading", { name: "Rain" });
    const list = screen.getByRole("region", { name: "Messages" });
    fireEvent.wheel(list, { deltaY: -100 });
    const scrollTo = (top: number): void => {
      list.scrollTop = top;
      fireEvent.scroll(list);
    };
    scrollTo(100);
    const again = await screen.findByRole("button", { name: "Try again" });
    scrollTo(50);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(2);
    await userEvent.click(again);
    await vi.waitFor(() => expect(asked).toBe(3));
    expect(screen.getByRole("button", { name: "Try again" })).toHaveFocus();
    await userEvent.click(again);
    await vi.waitFor(() => expect(screen.queryByRole("button", { name: "Try again" })).toBeNull());
    await vi.waitFor(() => expect(list).toHaveFocus());
  });

  it("says so where there is no such conversation, and leads to a new one", async () => {
    open("/c/gone");
    expect(await screen.findByText("There is no such conversation")).toBeVisible();
    expect(screen.getByRole("link", { name: "Start a new conversation" })).toHaveAttribute("href", "/");
    expect(screen.queryByRole("textbox")).toBeNull();
  });

  it("can be loaded again where that failed", async () => {
    server.pages.set("/conversations/c", () => refusal(503, "store_unavailable"));
    open("/c/c");
    expect(await screen.findByText("It is store_unavailable.")).toBeVisible();
    server.pages.set("/conversations/c", () => conversation(1));
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("heading", { name: "Rain" })).toBeInTheDocument();
  });

  it("tells a screen reader that an answer is written and how it ended, not every word", async () => {
    server.pages.set("/conversations/c", () => conversation(1));
    open("/c/c");
    await userEvent.type(await box(), "Why?{Enter}");
    const said = () => screen.getAllByRole("status").map((element) => element.textContent);
    await vi.waitFor(() => expect(said()).toContain("Answering"));
    server.turns[0]?.send(started("a2"), delta("Because "), delta("it rains."));
    await vi.waitFor(() => expect(turnsOf("c")[0]?.messageId).toBe("a2"));
    expect(said()).toContain("Answering");
    server.turns[0]?.send(doneEvent);
    await vi.waitFor(() => expect(said()).toContain("Answer complete: Because it rains."));
  });

  it("tells a screen reader why a question was not answered", async () => {
    server.pages.set("/conversations/c", () => conversation(1));
    server.refuseNext = () => refusal(502, "model_failed");
    open("/c/c");
    await userEvent.type(await box(), "Why?{Enter}");
    await vi.waitFor(() =>
      expect(screen.getAllByRole("status").map((element) => element.textContent)).toContain(
        "Not answered. It is model_failed.",
      ),
    );
  });
});

describe("commands from elsewhere", () => {
  it("act on the conversation that is open", async () => {
    const writeText = vi.fn(async () => undefined);
    Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
    server.pages.set("/conversations/c", () => conversation(2));
    open("/c/c");
    await screen.findByRole("heading", { name: "Rain" });
    expect(stopCurrent()).toBe(false);
    expect(copyLast()).toBe(true);
    expect(writeText).toHaveBeenCalledWith("Answer 2");
    expect(editLast()).toBe(true);
    expect(useEditing.getState().texts).toEqual({ q2: "Question 2" });
    expect(regenerateLast()).toBe(true);
    await vi.waitFor(() =>
      expect(server.turns[0]?.body).toMatchObject({ message: "Question 2", replaces: "a2" }),
    );
    expect(stopCurrent()).toBe(true);
  });

  describe("given while the last answer is being saved", () => {
    let isSaved: boolean;

    beforeEach(async () => {
      isSaved = false;
      server.pages.set("/conversations/c", () => conversation(isSaved ? 2 : 1));
      open("/c/c");
      await screen.findByRole("heading", { name: "Rain" });
      act(() => putTurn(liveTurn({ key: "second", messageId: "a2", phase: "done" })));
    });
    const save = async (): Promise<void> => {
      isSaved = true;
      tellSaved("c");
      await vi.waitFor(() => expect(turnsOf("c").map((turn) => turn.key)).not.toContain("second"));
    };

    it("are carried out when it is saved", async () => {
      expect(editLast()).toBe(true);
      expect(useEditing.getState().texts).toEqual({});
      await save();
      expect(useEditing.getState().texts).toEqual({ q2: "Question 2" });
    });

    it("are carried out once, and of two the last", async () => {
      expect(editLast()).toBe(true);
      expect(regenerateLast()).toBe(true);
      await save();
      await vi.waitFor(() => expect(server.turns).toHaveLength(1));
      expect(server.turns[0]?.body).toMatchObject({ message: "Question 2", replaces: "a2" });
      expect(useEditing.getState().texts).toEqual({});
    });

    it("are given up with another conversation", async () => {
      server.pages.set("/conversations/d", () => conversation(1));
      act(() => navigate("/c/d"));
      await screen.findByRole("heading", { name: "Rain" });
      act(() => navigate("/c/c"));
      expect(editLast()).toBe(true);
      act(() => navigate("/c/d"));
      expect(useEditing.getState().texts).toEqual({});
    });

    it.each(["keydown", "pointerdown"])("are given up with another %s", async (event) => {
      expect(editLast()).toBe(true);
      fireEvent(await box(), new Event(event, { bubbles: true }));
      await save();
      expect(useEditing.getState().texts).toEqual({});
    });
  });

  it("have nothing to do where no conversation is open", async () => {
    open("/");
    await box();
    expect([stopCurrent(), copyLast(), editLast(), regenerateLast()]).toEqual([false, false, false, false]);
  });
});
