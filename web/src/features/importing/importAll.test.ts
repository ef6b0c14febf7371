import { describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import type { Summary } from "./exportReader";
import { type ImportRequest, importAll, type Outcome, type Target } from "./importAll";

const summary = (id: string): Summary => ({ id, title: id, changed: undefined, turns: 1 });
const turns = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    question: `q${index}`,
    reply: "r",
    asked_at: `2025-01-01T00:00:00.${String(index).padStart(6, "0")}Z`,
  }));

function started(over: Partial<Target> = {}, ids = ["a", "b", "c"]) {
  const outcomes: [string, Outcome["state"]][] = [];
  const stop = new AbortController();
  const target: Target = {
    turnsOf: async () => turns(2),
    send: vi.fn(async ({ turns: sent }: ImportRequest) => ({ imported: sent.length, skipped: 0 })),
    wait: vi.fn(async () => undefined),
    ...over,
  };
  const done = importAll(
    target,
    ids.map(summary),
    (id, { state }) => outcomes.push([id, state]),
    stop.signal,
  );
  return { outcomes, stop, target, done };
}

describe("importAll", () => {
  it("sends each conversation, three at once", async () => {
    let running = 0;
    let most = 0;
    const send = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      return { imported: 1, skipped: 0 };
    };
    const ids = ["a", "b", "c", "d", "e", "f", "g"];
    const { outcomes, done } = started({ send }, ids);
    await done;
    expect(most).toBe(3);
    expect(
      outcomes
        .filter(([, state]) => state === "done")
        .map(([id]) => id)
        .sort(),
    ).toEqual(ids);
  });

  it("sends a long one in several requests, in order, and adds up what came of them", async () => {
    const sent: number[] = [];
    const found: Outcome[] = [];
    const send = async (request: ImportRequest) => {
      sent.push(request.turns.length);
      return { imported: request.turns.length - 1, skipped: 1 };
    };
    const target = { turnsOf: async () => turns(120), send, wait: async () => undefined };
    await importAll(
      target,
      [summary("a")],
      (_, outcome) => found.push(outcome),
      new AbortController().signal,
    );
    expect(sent).toEqual([50, 50, 20]);
    expect(found.at(-1)).toEqual({ state: "done", imported: 117, skipped: 3 });
  });

  it("goes on with the next where one fails", async () => {
    const send = async (request: ImportRequest) => {
      if (request.conversation_id === "b") throw new ApiError(422, "invalid_field", "no");
      return { imported: 1, skipped: 0 };
    };
    const { outcomes, done } = started({ send });
    await done;
    expect(outcomes.filter(([, state]) => state !== "running")).toEqual([
      ["a", "done"],
      ["b", "failed"],
      ["c", "done"],
    ]);
  });

  it.each([
    ["unauthorized", 401],
    ["offline", 0],
  ])("stops where the next would fail too: %s", async (code, status) => {
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    const { outcomes, done } = started({ send: () => Promise.reject(new ApiError(status, code, "")) }, ids);
    await expect(done).rejects.toBeInstanceOf(ApiError);
    expect(outcomes.filter(([, state]) => state === "running")).toHaveLength(3);
    expect(outcomes.filter(([, state]) => state === "failed")).toHaveLength(1);
  });

  it("waits as long as the server asks for, some times", async () => {
    const busy = new ApiError(429, "throttled", "", { retryAfter: 7 });
    const send = vi
      .fn()
      .mockRejectedValueOnce(busy)
      .mockRejectedValueOnce(new ApiError(503, "x", ""))
      .mockResolvedValue({ imported: 1, skipped: 0 });
    const { outcomes, target, done } = started({ send }, ["a"]);
    await done;
    expect(vi.mocked(target.wait).mock.calls.map(([seconds]) => seconds)).toEqual([7, 4]);
    expect(outcomes.at(-1)).toEqual(["a", "done"]);
    const never = started({ send: () => Promise.reject(busy) }, ["a"]);
    await never.done;
    expect(never.outcomes.at(-1)).toEqual(["a", "failed"]);
    const tomorrow = started(
      { send: () => Promise.reject(new ApiError(429, "x", "", { retryAfter: 3_600 })) },
      ["a"],
    );
    await tomorrow.done;
    expect(tomorrow.target.wait).not.toHaveBeenCalled();
  });

  it("ends when it is told to, in the middle", async () => {
    const { outcomes, stop, done } = started({
      send: async () => {
        stop.abort();
        throw new DOMException("aborted", "AbortError");
      },
    });
    await expect(done).rejects.toHaveProperty("name", "AbortError");
    expect(outcomes.every(([, state]) => state === "running")).toBe(true);
  });
});
