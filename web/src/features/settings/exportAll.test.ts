import { strFromU8, unzipSync } from "fflate";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { type ConversationSource, exportAll } from "./exportAll";

interface Fake {
  readonly titles: readonly string[];
  /** What reading the conversation of that number throws, one after the other. */
  readonly failures?: Readonly<Record<number, unknown[]>>;
}

const PAGE = 2;

function source({ titles, failures = {} }: Fake) {
  const waited: number[] = [];
  const conversations = titles.map((title, n) => ({
    conversation_id: `id-${n}`,
    title,
    created_at: "2026-11-20T10:00:00.000000Z",
    updated_at: "2026-11-21T10:00:00.000000Z",
  }));
  const fake: ConversationSource = {
    list: async (cursor) => {
      const from = Number(cursor ?? 0);
      const next = from + PAGE;
      return {
        conversations: conversations.slice(from, next),
        cursor: next < conversations.length ? String(next) : undefined,
      };
    },
    read: async (id, format) => {
      const error = failures[Number(id.slice(3))]?.shift();
      if (error) throw error;
      return new TextEncoder().encode(`${id} as ${format}`);
    },
    wait: async (seconds) => void waited.push(seconds),
  };
  return { fake, waited };
}

const run = (fake: ConversationSource, onProgress = vi.fn(), signal = new AbortController().signal) =>
  exportAll(fake, "json", onProgress, signal);

async function filesOf(file: Blob): Promise<Record<string, string>> {
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  return Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, strFromU8(bytes)]));
}

const busy = (seconds?: number) => new ApiError(429, "throttled", "", { retryAfter: seconds });
const broken = () => new ApiError(500, "server_failed", "");

describe("the export of all conversations", () => {
  it("holds a file for each, over all pages", async () => {
    const { fake } = source({ titles: ["One", "Two", "Three", "Four", "Five"] });
    const { file, count, failed } = await run(fake);
    expect(count).toBe(5);
    expect(failed).toEqual([]);
    expect(await filesOf(file)).toEqual({
      "2026-11-21 One.json": "id-0 as json",
      "2026-11-21 Two.json": "id-1 as json",
      "2026-11-21 Three.json": "id-2 as json",
      "2026-11-21 Four.json": "id-3 as json",
      "2026-11-21 Five.json": "id-4 as json",
    });
  });

  it("keeps conversations of the same title apart, also where file systems see no difference", async () => {
    const { fake } = source({ titles: ["Same", "same", "Same", "../../etc/passwd", ""] });
    const names = Object.keys(await filesOf((await run(fake)).file));
    expect(names).toHaveLength(5);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(5);
    for (const name of names) expect(name).not.toMatch(/[/\\]|^\.\./);
  });

  it("waits as long as the server says, and goes on", async () => {
    const { fake, waited } = source({ titles: ["One"], failures: { 0: [busy(7), busy()] } });
    const { count, failed } = await run(fake);
    expect({ count, failed, waited }).toEqual({ count: 1, failed: [], waited: [7, 2] });
  });

  it("leaves out what fails for good, and says which", async () => {
    const failures = { 1: [broken(), broken(), broken(), broken()] };
    const { fake } = source({ titles: ["One", "Two", "Three"], failures });
    const { count, failed } = await run(fake);
    expect(count).toBe(2);
    expect(failed.map(({ title }) => title)).toEqual(["Two"]);
  });

  it("does not miss what was deleted meanwhile", async () => {
    const { fake } = source({
      titles: ["One", "Two"],
      failures: { 0: [new ApiError(404, "not_found", "")] },
    });
    const { count, failed } = await run(fake);
    expect({ count, failed }).toEqual({ count: 1, failed: [] });
  });

  it("fails where the conversations cannot be listed", async () => {
    const { fake } = source({ titles: ["One"] });
    const list = () => Promise.reject(new ApiError(403, "unauthorized", ""));
    await expect(run({ ...fake, list })).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("says how far it is", async () => {
    const onProgress = vi.fn();
    await run(source({ titles: ["One", "Two"] }).fake, onProgress);
    expect(onProgress.mock.calls.map(([progress]) => progress)).toEqual([
      { done: 0, total: undefined },
      { done: 0, total: 2 },
      { done: 1, total: 2 },
      { done: 2, total: 2 },
    ]);
  });

  it("ends when it is cancelled", async () => {
    const controller = new AbortController();
    const { fake } = source({ titles: ["One", "Two", "Three", "Four", "Five"] });
    const read = vi.fn(async () => {
      controller.abort();
      return new Uint8Array();
    });
    await expect(run({ ...fake, read }, vi.fn(), controller.signal)).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(read.mock.calls.length).toBeLessThan(5);
  });

  it("of nothing is empty", async () => {
    const { count, failed } = await run(source({ titles: [] }).fake);
    expect({ count, failed }).toEqual({ count: 0, failed: [] });
  });
});
