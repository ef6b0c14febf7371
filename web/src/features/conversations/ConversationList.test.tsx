import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createQueryClient, keys } from "~/api/queries";
import { dropTurn, putTurn } from "~/features/chat/liveTurns";
import { keep, keptTurns } from "~/features/chat/pendingTurns";
import { type Asked, begun } from "~/features/chat/turn";
import { useToasts } from "~/state/toasts";
import { commitAll } from "~/state/undoable";
import { Toasts } from "~/ui/Toasts";
import { ConversationList } from "./ConversationList";
import { type FakeServer, failure, fakeServer, headers } from "./fakeServer";
import { layout } from "./layout";

const turnOf = (conversationId: string, key: string): Asked => {
  const body = { message: "Why?", use_documents: true };
  return { key, conversationId, begins: false, kind: "ask", body, askedAt: 1 };
};

let server: FakeServer;
let user: UserEvent;

function show(currentId?: string) {
  const client = createQueryClient();
  const onChosen = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <ConversationList currentId={currentId} onChosen={onChosen} />
      <Toasts />
    </QueryClientProvider>,
  );
  return { client, onChosen };
}

const link = (name: string | RegExp) => screen.findByRole("link", { name });
const titles = (): string[] => screen.queryAllByRole("link").map((each) => each.textContent ?? "");

async function choose(title: string, action: string): Promise<void> {
  await user.click(await screen.findByRole("button", { name: `Actions for ${title}` }));
  await user.click(await screen.findByRole("menuitem", { name: action }));
}

beforeEach(() => {
  layout({ height: 600, row: 36 });
  vi.useFakeTimers({ now: new Date("2026-11-21T13:00:00Z"), shouldAdvanceTime: true });
  user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  history.replaceState(null, "", "/");
});

afterEach(async () => {
  act(commitAll);
  await act(() => vi.runOnlyPendingTimersAsync());
  vi.useRealTimers();
  vi.unstubAllGlobals();
  useToasts.setState({ toasts: [] });
});

describe("the list of conversations", () => {
  it("shows them under their days, with the current one marked", async () => {
    server = fakeServer(headers(3, (n) => ["Rome", "Paris", "Oslo"][n] ?? ""));
    server.conversations = server.conversations.map((item, n) =>
      n === 2 ? { ...item, updated_at: "2026-03-02T00:00:00.000001Z" } : item,
    );
    show("c1");
    expect(await link("Paris")).toHaveAttribute("aria-current", "page");
    expect(await link("Rome")).not.toHaveAttribute("aria-current");
    expect(await link("Oslo")).toHaveAttribute("href", "/c/c2");
    expect(screen.getAllByRole("heading").map((each) => each.textContent)).toEqual(["Today", "March 2026"]);
  });

  it("tells which one is being answered", async () => {
    server = fakeServer(headers(2));
    putTurn(begun(turnOf("c1", "key-1"), 1));
    show();
    expect(await link("Conversation 1 Being answered")).toBeVisible();
    expect(await link("Conversation 0")).toBeVisible();
    act(() => dropTurn("key-1"));
    expect(await link("Conversation 1")).toBeVisible();
  });

  it("says that one was chosen", async () => {
    server = fakeServer(headers(1));
    const { onChosen } = show();
    await user.click(await link("Conversation 0"));
    expect(location.pathname).toBe("/c/c0");
    expect(onChosen).toHaveBeenCalledOnce();
  });

  it("says what to do where there are none", async () => {
    server = fakeServer([]);
    show();
    expect(await screen.findByText("No conversations yet")).toBeVisible();
    expect(screen.getAllByRole("button", { name: "Import conversations" }).length).toBeGreaterThan(0);
  });

  it("says why it could not be loaded, and tries again", async () => {
    server = fakeServer(headers(1));
    server.intercept = () => failure(400, "broken", "The store is being repaired.");
    show();
    expect(await screen.findByText("The store is being repaired.")).toBeVisible();
    server.intercept = undefined;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await link("Conversation 0")).toBeVisible();
  });

  it("keeps only the rows in sight in the document, and asks for no page that nobody scrolled to", async () => {
    server = fakeServer(headers(5_000));
    show();
    await link("Conversation 0");
    expect(titles().length).toBeLessThan(60);
    expect(server.requests).toEqual(["GET /api/conversations?limit=100"]);
  });

  it("fetches only the newest page again after an answer", async () => {
    server = fakeServer(headers(250));
    const { client } = show();
    await user.type(await screen.findByRole("textbox"), "conversation 249");
    await screen.findByText("1 match");
    server.requests.length = 0;
    await act(() => client.invalidateQueries({ queryKey: keys.conversations }));
    expect(server.requests).toEqual(["GET /api/conversations?limit=100"]);
  });
});

describe("the search in titles", () => {
  it("loads what is not there yet, marks what it found, and tells how many", async () => {
    server = fakeServer(headers(350, (n) => (n % 100 === 0 ? `Café ${n}` : `Talk ${n}`)));
    show();
    await user.type(await screen.findByRole("textbox", { name: "Search conversations" }), "CAFE");
    expect(await screen.findByText("4 matches")).toBeInTheDocument();
    expect(titles()).toEqual(["Café 0", "Café 100", "Café 200", "Café 300"]);
    expect(within(await link("Café 300")).getByText("Café").tagName).toBe("MARK");
    expect(server.requests).toHaveLength(4);
  });

  it("leads by the arrow keys through what it found, and back", async () => {
    server = fakeServer(headers(3));
    show();
    const box = await screen.findByRole("textbox");
    await link("Conversation 0");
    await user.click(box);
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(await link("Conversation 1")).toHaveFocus();
    await user.keyboard("{End}");
    expect(await link("Conversation 2")).toHaveFocus();
    await user.keyboard("{Home}{ArrowUp}");
    expect(box).toHaveFocus();
  });

  it("opens the first with Enter, and is cleared by Escape", async () => {
    server = fakeServer(headers(3));
    show();
    const box = await screen.findByRole("textbox");
    await user.type(box, "conversation 2");
    await screen.findByText("1 match");
    await user.keyboard("{Enter}");
    expect(location.pathname).toBe("/c/c2");
    await user.keyboard("{Escape}");
    expect(box).toHaveValue("");
    expect(titles()).toHaveLength(3);
  });

  it("says when nothing was found", async () => {
    server = fakeServer(headers(3));
    show();
    await user.type(await screen.findByRole("textbox"), "zebra");
    expect(await screen.findByText("No title contains “zebra”")).toBeVisible();
  });

  it("stops and says so where the older ones cannot be loaded, and goes on when told to", async () => {
    server = fakeServer(headers(250));
    server.intercept = (line) =>
      line.includes("cursor=200") ? failure(429, "throttled", "Slow down.") : undefined;
    show();
    await user.type(await screen.findByRole("textbox"), "conversation 249");
    expect(await screen.findByText(/could not be searched\. Slow down\./)).toBeVisible();
    server.intercept = undefined;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("1 match")).toBeInTheDocument();
  });
});

describe("renaming", () => {
  it("shows the new title at once and sends it", async () => {
    server = fakeServer(headers(2));
    show();
    await choose("Conversation 0", "Rename");
    const input = screen.getByRole("textbox", { name: "New title" });
    expect(input).toHaveFocus();
    await user.clear(input);
    await user.type(input, "  Capitals {Enter}");
    expect(await link("Capitals")).toHaveFocus();
    await waitFor(() => expect(server.conversations[0]?.title).toBe("Capitals"));
  });

  it("leaves the old title on Escape, and asks nobody", async () => {
    server = fakeServer(headers(1));
    show();
    await choose("Conversation 0", "Rename");
    await user.keyboard("Something{Escape}");
    expect(await link("Conversation 0")).toHaveFocus();
    expect(server.requests.filter((line) => !line.startsWith("GET"))).toEqual([]);
  });

  it.each([
    ["   ", /at least one character/],
    ["x".repeat(201), /has 201 characters; it may have at most 200/],
  ])("refuses %j and says why, and the text stays", async (text, reason) => {
    server = fakeServer(headers(1));
    show();
    await choose("Conversation 0", "Rename");
    const input = screen.getByRole("textbox", { name: "New title" });
    await user.clear(input);
    await user.click(input);
    await user.paste(text);
    await user.keyboard("{Enter}");
    expect(await screen.findByText(reason)).toBeVisible();
    expect(input).toHaveValue(text);
    expect(input).toHaveAttribute("aria-invalid", "true");
    expect(server.conversations[0]?.title).toBe("Conversation 0");
  });

  it("brings the old title back where the server refuses, and offers the new one again", async () => {
    server = fakeServer(headers(1));
    show();
    await link("Conversation 0");
    server.intercept = (line) =>
      line.startsWith("PATCH") ? failure(503, "store", "The store rests.") : undefined;
    await choose("Conversation 0", "Rename");
    await user.keyboard("Capitals{Enter}");
    expect(
      await screen.findByText("The title “Capitals” could not be saved. The store rests."),
    ).toBeVisible();
    expect(await link("Conversation 0")).toBeVisible();
    server.intercept = undefined;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await link("Capitals")).toBeVisible();
  });
});

describe("deleting", () => {
  const deletes = (): string[] => server.requests.filter((line) => line.startsWith("DELETE"));

  it("takes it away at once, keeps the focus near, and sends it when the time is over", async () => {
    server = fakeServer(headers(3));
    show();
    await choose("Conversation 1", "Delete");
    expect(titles()).toEqual(["Conversation 0", "Conversation 2"]);
    expect(await link("Conversation 2")).toHaveFocus();
    expect(deletes()).toEqual([]);
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(deletes()).toEqual(["DELETE /api/conversations/c1"]);
    expect(titles()).toEqual(["Conversation 0", "Conversation 2"]);
  });

  it("can be undone, and the one that was open is opened again", async () => {
    history.replaceState(null, "", "/c/c1");
    server = fakeServer(headers(2));
    show("c1");
    await choose("Conversation 1", "Delete");
    expect(location.pathname).toBe("/");
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(location.pathname).toBe("/c/c1");
    expect(await link("Conversation 1")).toBeVisible();
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(deletes()).toEqual([]);
  });

  it("leaves whoever went elsewhere meanwhile where they are", async () => {
    history.replaceState(null, "", "/c/c1");
    server = fakeServer(headers(2));
    show("c1");
    await choose("Conversation 1", "Delete");
    await user.click(await link("Conversation 0"));
    await user.click(screen.getByRole("button", { name: "Undo" }));
    expect(location.pathname).toBe("/c/c0");
  });

  it("brings it back where it fails, says why, and offers to try again", async () => {
    server = fakeServer(headers(2));
    show();
    server.intercept = (line) =>
      line.startsWith("DELETE") ? failure(503, "store", "The store rests.") : undefined;
    await choose("Conversation 0", "Delete");
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(await screen.findByText(/is back in the list\. The store rests\./)).toBeVisible();
    expect(titles()).toContain("Conversation 0");
    server.intercept = undefined;
    await user.click(screen.getByRole("button", { name: "Try again" }));
    // The new notice has the focus of the one before, and stays as long as it has.
    await user.click(document.body);
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(server.conversations).toHaveLength(1);
  });

  it("takes one that is gone already for deleted", async () => {
    server = fakeServer(headers(2));
    show();
    await choose("Conversation 0", "Delete");
    server.conversations = server.conversations.slice(1);
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(titles()).toEqual(["Conversation 1"]);
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  });

  it("takes a question along that was not answered, so that no page asks it again", async () => {
    server = fakeServer(headers(2));
    keep(turnOf("c0", "key-1"));
    keep(turnOf("c1", "key-2"));
    show();
    await choose("Conversation 0", "Delete");
    expect(keptTurns()).toHaveLength(2);
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    expect(keptTurns().map((turn) => turn.key)).toEqual(["key-2"]);
  });

  it("is not undone by a listing that was on its way meanwhile", async () => {
    server = fakeServer(headers(2));
    const { client } = show();
    await choose("Conversation 0", "Delete");
    let answerLate = (_: Response): void => undefined;
    const old = new Promise<Response>((resolve) => {
      answerLate = resolve;
    });
    server.intercept = (line) => (line.includes("?limit=") ? old : undefined);
    act(() => void client.invalidateQueries({ queryKey: keys.conversations }));
    await waitFor(() => expect(server.requests.filter((line) => line.includes("?limit="))).toHaveLength(2));
    server.intercept = undefined;
    await act(() => vi.advanceTimersByTimeAsync(8_100));
    answerLate(Response.json({ conversations: headers(2) }));
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(titles()).toEqual(["Conversation 1"]);
    // And what the listing may have brought besides is asked for again.
    expect(server.requests.at(-1)).toBe("GET /api/conversations?limit=100");
  });

  it("of several is sent at once when the page goes away", async () => {
    server = fakeServer(headers(3));
    show();
    await choose("Conversation 0", "Delete");
    await choose("Conversation 1", "Delete");
    await act(async () => {
      dispatchEvent(new Event("pagehide"));
    });
    expect(deletes()).toEqual(["DELETE /api/conversations/c0", "DELETE /api/conversations/c1"]);
  });
});

describe("a delete that was sent as the page went away", () => {
  it("is sent again by the next page where it did not arrive", async () => {
    localStorage.setItem("chatbot.deleting", '["c0"]');
    server = fakeServer(headers(2));
    show();
    expect(await link("Conversation 1")).toBeVisible();
    expect(titles()).toEqual(["Conversation 1"]);
    await waitFor(() => expect(server.conversations).toHaveLength(1));
    expect(localStorage.getItem("chatbot.deleting")).toBeNull();
  });

  it("is not undone by the page's first listing where that was on its way meanwhile", async () => {
    localStorage.setItem("chatbot.deleting", '["c0"]');
    server = fakeServer(headers(2));
    let answerLate = (_: Response): void => undefined;
    const old = new Promise<Response>((resolve) => {
      answerLate = resolve;
    });
    server.intercept = (line) => {
      server.intercept = line.includes("?limit=") ? undefined : server.intercept;
      return line.includes("?limit=") ? old : undefined;
    };
    show();
    await waitFor(() => expect(server.conversations).toHaveLength(1));
    await waitFor(() => expect(localStorage.getItem("chatbot.deleting")).toBeNull());
    answerLate(Response.json({ conversations: headers(2) }));
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(titles()).toEqual(["Conversation 1"]);
  });

  it("is done with where it did arrive, and kept for later where it fails again", async () => {
    localStorage.setItem("chatbot.deleting", '["gone","c0"]');
    server = fakeServer(headers(2));
    server.intercept = (line) =>
      line.endsWith("/c0") ? failure(503, "store", "The store rests.") : undefined;
    show();
    await waitFor(() => expect(localStorage.getItem("chatbot.deleting")).toBe('["c0"]'));
    expect(await link("Conversation 0")).toBeVisible();
  });

  it.each(["{not json", '{"a":1}', "[1,null]"])("is none where the browser kept %s", async (kept) => {
    localStorage.setItem("chatbot.deleting", kept);
    server = fakeServer(headers(1));
    show();
    expect(await link("Conversation 0")).toBeVisible();
    expect(server.requests).toEqual(["GET /api/conversations?limit=100"]);
  });
});

describe("exporting", () => {
  it("saves the file under the title and the day", async () => {
    server = fakeServer(headers(1, () => "What is 1/2?"));
    const names: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      names.push(this.download);
    });
    show();
    await choose("What is 1/2?", "Export as Markdown");
    await waitFor(() => expect(names).toEqual(["What is 1 2 2026-11-21.md"]));
    expect(server.requests).toContain("GET /api/conversations/c0/export?format=markdown");
  });

  it("says why it failed", async () => {
    server = fakeServer(headers(1));
    server.intercept = (line) =>
      line.includes("/export") ? failure(503, "store", "The store rests.") : undefined;
    show();
    await choose("Conversation 0", "Export as JSON");
    expect(await screen.findByText("“Conversation 0” could not be exported. The store rests.")).toBeVisible();
  });
});
