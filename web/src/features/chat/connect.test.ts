import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectTurns } from "./connect";
import { textOf, turnOf, turnsOf } from "./liveTurns";
import { forget, keep, keptTurns } from "./pendingTurns";
import { askedTurn, delta, doneEvent, type FakeServer, forgetPage, started, startServer } from "./testing";

let server: FakeServer;

/** Locks as the browser has them, shared with "another tab" that holds some. */
class Locks {
  readonly held = new Map<string, () => void>();
  private readonly waiting: { readonly name: string; readonly run: () => void }[] = [];

  request = (name: string, ...rest: unknown[]): Promise<unknown> => {
    const work = rest.at(-1) as (lock: object | null) => unknown;
    const options = rest.length > 1 ? (rest[0] as { ifAvailable?: boolean }) : {};
    if (this.held.has(name) && options.ifAvailable) return Promise.resolve(work(null));
    return new Promise((resolve) => {
      const run = (): void => {
        this.held.set(name, () => undefined);
        void Promise.resolve(work({})).then((result) => {
          this.release(name);
          resolve(result);
        });
      };
      if (this.held.has(name)) this.waiting.push({ name, run });
      else run();
    });
  };

  release(name: string): void {
    this.held.delete(name);
    const next = this.waiting.findIndex((each) => each.name === name);
    if (next >= 0) this.waiting.splice(next, 1)[0]?.run();
  }
}

let locks: Locks;
const LOCK = "chatbot.turn.key-1";

beforeEach(() => {
  server = startServer();
  forgetPage();
  locks = new Locks();
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  Reflect.deleteProperty(navigator, "locks");
});

const otherTabSays = (key: string): void => {
  window.dispatchEvent(
    new StorageEvent("storage", { key: `chatbot.turn.${key}`, storageArea: localStorage }),
  );
};

describe("after a reload", () => {
  it("a turn that was not answered is asked for again, and its answer shown", async () => {
    keep(askedTurn({ askedAt: Date.now() }));
    connectTurns(new QueryClient());
    expect(turnOf("key-1")).toMatchObject({ phase: "running", resumed: true });
    await vi.waitFor(() => expect(server.turns).toHaveLength(1));
    expect(server.turns[0]?.key).toBe("key-1");
    server.turns[0]?.send(started(), delta("Because."), doneEvent);
    await vi.waitFor(() => expect(turnOf("key-1")?.phase).toBe("done"));
    expect(textOf("key-1")).toBe("Because.");
    expect(keptTurns()).toEqual([]);
  });

  it("a turn that was refused is shown with why, and not asked for", () => {
    keep({ ...askedTurn(), refusal: { status: 413, code: "too_large", message: "Too large." } });
    connectTurns(new QueryClient());
    expect(turnOf("key-1")).toMatchObject({
      phase: "failed",
      error: { code: "too_large", message: "Too large." },
    });
    expect(server.turns).toEqual([]);
  });

  it("a turn older than its key is shown, and asked for only when somebody wants it", () => {
    keep(askedTurn({ askedAt: Date.now() - 24 * 60 * 60 * 1000 }));
    connectTurns(new QueryClient());
    expect(turnOf("key-1")).toMatchObject({ phase: "failed", error: { code: "unfinished" } });
    expect(server.turns).toEqual([]);
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", "null"],
    ["a text", '"x"'],
    ["half of a turn", '{"key":"key-1","conversationId":"c"}'],
    ["a turn without its question", JSON.stringify({ ...askedTurn(), body: {} })],
    ["a turn under another key", JSON.stringify(askedTurn({ key: "other" }))],
    ["a turn of an unknown kind", JSON.stringify({ ...askedTurn(), kind: "branch" })],
  ])("%s where a turn was kept does no harm", (_, kept) => {
    localStorage.setItem("chatbot.turn.key-1", kept);
    connectTurns(new QueryClient());
    expect(turnsOf("c")).toEqual([]);
  });
});

describe("a turn of another tab", () => {
  it("is shown as such, and not asked for twice", () => {
    locks.held.set(LOCK, () => undefined);
    keep(askedTurn({ askedAt: Date.now() }));
    connectTurns(new QueryClient());
    return vi.waitFor(() => {
      expect(turnOf("key-1")).toMatchObject({ phase: "running", elsewhere: true });
      expect(server.turns).toEqual([]);
    });
  });

  it("gives way to what was saved when it has ended", async () => {
    locks.held.set(LOCK, () => undefined);
    keep(askedTurn({ askedAt: Date.now() }));
    const client = new QueryClient();
    const invalidate = vi.spyOn(client, "invalidateQueries");
    connectTurns(client);
    await vi.waitFor(() => expect(turnOf("key-1")?.elsewhere).toBe(true));
    forget("key-1");
    otherTabSays("key-1");
    locks.release(LOCK);
    expect(turnsOf("c")).toEqual([]);
    expect(invalidate).toHaveBeenCalledWith({ queryKey: ["conversation", "c"] });
    expect(server.turns).toEqual([]);
  });

  it("is taken over when that tab is closed", async () => {
    locks.held.set(LOCK, () => undefined);
    keep(askedTurn({ askedAt: Date.now() }));
    connectTurns(new QueryClient());
    await vi.waitFor(() => expect(turnOf("key-1")?.elsewhere).toBe(true));
    locks.release(LOCK);
    await vi.waitFor(() => expect(server.turns).toHaveLength(1));
    expect(turnOf("key-1")).toMatchObject({ elsewhere: false, resumed: true });
  });

  it("is noticed when it begins, once that tab has had the time to lock it", async () => {
    vi.useFakeTimers();
    connectTurns(new QueryClient());
    keep(askedTurn({ askedAt: Date.now() }));
    locks.held.set(LOCK, () => undefined);
    otherTabSays("key-1");
    expect(turnOf("key-1")).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(turnOf("key-1")?.elsewhere).toBe(true);
  });

  it("stays that tab's where it was refused", async () => {
    vi.useFakeTimers();
    connectTurns(new QueryClient());
    keep({ ...askedTurn(), refusal: { status: 429, code: "model_throttled", message: "" } });
    otherTabSays("key-1");
    await vi.advanceTimersByTimeAsync(1_500);
    expect(turnsOf("c")).toEqual([]);
  });
});
