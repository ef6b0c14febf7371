import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { DocumentWatch } from "./documentWatch";
import type { DocumentView } from "./transport";

const view = (id: string, status: DocumentView["status"], progress?: number): DocumentView => ({
  document_id: id,
  filename: `${id}.txt`,
  status,
  chunks: 0,
  progress: progress ?? null,
  created_at: "",
  updated_at: "",
});

let server: Map<string, DocumentView>;
let looks: string[];
let lists: number;
let watch: DocumentWatch;
const later = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const statusOf = (id: string) => watch.seen.getState()[id]?.view?.status;

beforeEach(() => {
  vi.useFakeTimers();
  server = new Map();
  looks = [];
  lists = 0;
  watch = new DocumentWatch({
    look: async (id) => {
      looks.push(id);
      const found = server.get(id);
      if (!found) throw new ApiError(404, "not_found", "");
      return found;
    },
    list: async (cursor = "0") => {
      lists += 1;
      const all = [...server.values()];
      const end = Number(cursor) + 3;
      return {
        documents: all.slice(Number(cursor), end),
        next_cursor: end < all.length ? String(end) : null,
      };
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

it("follows a document until it is finished, and then asks no more", async () => {
  server.set("a", view("a", "queued"));
  watch.watch(["a"]);
  await later(1_000);
  expect(statusOf("a")).toBe("queued");
  server.set("a", view("a", "ready"));
  await later(10_000);
  expect(statusOf("a")).toBe("ready");
  const asked = looks.length;
  await later(60_000);
  expect(looks.length).toBe(asked);
});

it("asks less and less often while nothing changes, and often again once something does", async () => {
  server.set("a", view("a", "processing", 0));
  watch.watch(["a"]);
  await later(60_000);
  const before = looks.length;
  await later(10_000);
  const idle = looks.length - before;
  for (let step = 1; step <= 20; step += 1) {
    server.set("a", view("a", "processing", step / 100));
    await later(1_000);
  }
  const start = looks.length;
  for (let step = 21; step <= 30; step += 1) {
    server.set("a", view("a", "processing", step / 100));
    await later(1_000);
  }
  expect(idle).toBeLessThanOrEqual(2);
  expect(looks.length - start).toBeGreaterThanOrEqual(8);
});

it("asks once for all who follow the same document", async () => {
  server.set("a", view("a", "queued"));
  watch.watch(["a"]);
  watch.watch(["a"]);
  await later(800);
  expect(looks).toEqual(["a"]);
});

it("asks no more when nobody follows any more", async () => {
  server.set("a", view("a", "queued"));
  const release = watch.watch(["a"]);
  const other = watch.watch(["a"]);
  release();
  release();
  await later(1_000);
  expect(looks.length).toBe(1);
  other();
  await later(60_000);
  expect(looks.length).toBe(1);
});

it("looks many up in the listing, over its pages, and no further than needed", async () => {
  for (let n = 0; n < 30; n += 1) server.set(`${n}`, view(`${n}`, "ready"));
  watch.watch(["0", "1", "2", "3", "4", "5"]);
  await later(1_000);
  expect(lists).toBe(2);
  expect(looks).toEqual([]);
  expect(statusOf("5")).toBe("ready");
});

it("asks for those by themselves that the listing does not have, and tells that they are gone", async () => {
  for (let n = 0; n < 6; n += 1) server.set(`${n}`, view(`${n}`, "queued"));
  watch.watch(["0", "1", "2", "3", "4", "5", "gone"]);
  await later(1_000);
  expect(looks).toEqual(["gone"]);
  expect(watch.seen.getState().gone).toMatchObject({ view: undefined });
});

it("waits as long as a server asks that has too much to do", async () => {
  server.set("a", view("a", "queued"));
  let refusals = 1;
  const look = vi.fn(async (id: string) => {
    if (refusals-- > 0) throw new ApiError(429, "throttled", "", { retryAfter: 30 });
    return server.get(id) ?? view(id, "failed");
  });
  watch = new DocumentWatch({ look, list: () => Promise.reject(new Error("not asked")) });
  watch.watch(["a"]);
  await later(10_000);
  watch.watch(["b"]);
  watch.wake();
  await later(19_000);
  expect(look).toHaveBeenCalledTimes(1);
  await later(5_000);
  expect(statusOf("a")).toBe("queued");
});

it("asks at once when it is woken, if there is anything to ask for", async () => {
  watch.wake();
  await later(1_000);
  expect(looks).toEqual([]);
  server.set("a", view("a", "queued"));
  watch.watch(["a"]);
  await later(60_000);
  const before = looks.length;
  watch.wake();
  await later(1);
  expect(looks.length).toBe(before + 1);
});

it("asks also while another document comes every moment", async () => {
  for (let n = 0; n < 20; n += 1) {
    server.set(`${n}`, view(`${n}`, "queued"));
    watch.watch([`${n}`]);
    await later(300);
  }
  expect(looks.length + lists).toBeGreaterThanOrEqual(3);
});
