import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { useApiKey } from "~/state/apiKey";
import type { Progress } from "./fetchOriginal";
import { forgetOriginals, keptOriginals, LARGE_BYTES, LargeFile, MOST_BYTES, originalOf } from "./originals";

const BUCKET = "https://bucket.example/file?signature=1";
/** Requests that were made, as the network saw them. */
let seen: Request[] = [];
let download: () => Response;
let content: (request: Request) => Response;

const own = (id: string): string => `${location.origin}/api/documents/${id}/content`;
const pointingTo = (url: string): Response =>
  Response.json({ url, method: "GET", headers: { "x-signed": "1" } });

beforeEach(() => {
  seen = [];
  forgetOriginals();
  useApiKey.setState({ key: "secret" });
  content = () => new Response("bytes", { headers: { "content-length": "5" } });
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    seen.push(request);
    const id = /documents\/(\w+)\/download/.exec(request.url)?.[1];
    if (id === undefined) return content(request);
    return download?.() ?? pointingTo(own(id));
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  useApiKey.setState({ key: "" });
  download = () => undefined as unknown as Response;
});

const get = (id: string, change: { evenLarge?: boolean; onProgress?: (p: Progress) => void } = {}) =>
  originalOf(id, {
    signal: new AbortController().signal,
    onProgress: change.onProgress ?? (() => undefined),
    evenLarge: change.evenLarge ?? false,
  });
const contents = (): number => seen.filter((request) => !request.url.endsWith("/download")).length;

describe("the original file", () => {
  it("is fetched from our own server, with the key", async () => {
    expect(await (await get("a")).text()).toBe("bytes");
    expect(seen.at(-1)?.url).toBe(own("a"));
    expect(seen.at(-1)?.headers.get("x-api-key")).toBe("secret");
  });

  it("is fetched from elsewhere without the key", async () => {
    download = () => pointingTo(BUCKET);
    await get("a");
    expect(seen.at(-1)?.url).toBe(BUCKET);
    expect(seen.at(-1)?.headers.get("x-api-key")).toBeNull();
    expect(seen.at(-1)?.headers.get("x-signed")).toBe("1");
  });

  it("tells how far it is", async () => {
    const steps: Progress[] = [];
    await get("a", { onProgress: (progress) => steps.push(progress) });
    expect(steps[0]).toEqual({ loaded: 0, total: 5 });
    expect(steps.at(-1)).toEqual({ loaded: 5, total: 5 });
  });

  it("is fetched once for several looks at it", async () => {
    await get("a");
    await get("a");
    expect(contents()).toBe(1);
  });

  it("is kept for the last three documents only", async () => {
    for (const id of ["a", "b", "c", "a", "d"]) await get(id);
    expect(contents()).toBe(4);
    await get("a");
    expect(contents()).toBe(4);
    await get("b");
    expect(contents()).toBe(5);
  });

  it("is fetched anew after a while, since it may have been replaced", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    await get("a");
    vi.setSystemTime(Date.now() + 11 * 60_000);
    await get("a");
    vi.useRealTimers();
    expect(contents()).toBe(2);
  });

  it("is not fetched unasked where it is large", async () => {
    const size = String(LARGE_BYTES + 1);
    content = () => new Response("bytes", { headers: { "content-length": size } });
    await expect(get("a")).rejects.toEqual(new LargeFile(LARGE_BYTES + 1));
    expect(await (await get("a", { evenLarge: true })).text()).toBe("bytes");
  });

  it("is not fetched to its end unasked where it turns out to be large", async () => {
    const part = new Uint8Array(LARGE_BYTES / 10);
    const cancel = vi.fn();
    content = () =>
      new Response(new ReadableStream({ pull: (controller) => controller.enqueue(part), cancel }));
    await expect(get("a")).rejects.toEqual(new LargeFile(LARGE_BYTES + part.length));
    expect(cancel).toHaveBeenCalledOnce();
  });

  it("is not kept where it is large, though it was asked for", async () => {
    content = () => new Response(new Uint8Array(LARGE_BYTES + 1));
    await get("a", { evenLarge: true });
    expect(keptOriginals()).toBe(0);
  });

  it("is kept only as long as all of them are not too much together", async () => {
    content = () => new Response(new Uint8Array(MOST_BYTES * 0.45));
    await get("a");
    await get("b");
    expect(keptOriginals()).toBe(2);
    await get("c");
    expect(keptOriginals()).toBe(2);
    await get("a");
    expect(contents()).toBe(4);
  });

  it("goes after a while by itself", async () => {
    vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
    await get("a");
    await vi.advanceTimersByTimeAsync(6 * 60_000);
    await get("b");
    expect(keptOriginals()).toBe(2);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(keptOriginals()).toBe(1);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(keptOriginals()).toBe(0);
    vi.useRealTimers();
  });

  it("says that a document is gone", async () => {
    download = () =>
      Response.json({ error: { code: "not_found", message: "Gone.", request_id: "r" } }, { status: 404 });
    await expect(get("a")).rejects.toMatchObject({ status: 404, code: "not_found" });
  });

  it("does not take an address that is too old for a wrong key", async () => {
    download = () => pointingTo(BUCKET);
    content = () => new Response("<Error/>", { status: 403 });
    await expect(get("a")).rejects.toMatchObject({ code: "server_failed" });
    expect(useApiKey.getState().needed).toBe(false);
  });

  it("keeps nothing of what failed", async () => {
    content = () => new Response("", { status: 503 });
    await expect(get("a")).rejects.toBeInstanceOf(ApiError);
    content = () => new Response("bytes");
    expect(await (await get("a")).text()).toBe("bytes");
  });

  it("says that the connection broke off in the middle", async () => {
    content = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(3)),
          pull: (controller) => controller.error(new TypeError("network")),
        }),
      );
    await expect(get("a")).rejects.toMatchObject({ code: "offline" });
  });
});
