import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Route, Switch } from "wouter";
import { ConversationPage } from "./ConversationPage";
import { copyLast, editLast, regenerateLast, stopCurrent } from "./commands";
import { useEditing } from "./editing";
import { turnsOf } from "./liveTurns";
import {
  delta,
  doneEvent,
  type FakeServer,
  forgetPage,
  messagesOf,
  refusal,
  started,
  startServer,
} from "./testing";

let server: FakeServer;

const conversation = (turns: number): Response =>
  Response.json({
    conversation_id: "c",
    title: "Rain",
    created_at: "2025-01-01T00:00:00Z",
    updated_at: "2025-01-01T00:00:00Z",
    messages: messagesOf(turns),
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

  it("have nothing to do where no conversation is open", async () => {
    open("/");
    await box();
    expect([stopCurrent(), copyLast(), editLast(), regenerateLast()]).toEqual([false, false, false, false]);
  });
});
