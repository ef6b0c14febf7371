// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { useApiKey } from "~/state/apiKey";
import { putFile } from "./putFile";

/** The part of XMLHttpRequest that is used, played by the test. Real ones are tried in the browser tests. */
class FakeRequest {
  static last: FakeRequest;
  readonly upload: { onprogress?: (event: object) => void; onload?: () => void } = {};
  readonly sentHeaders: Record<string, string> = {};
  onload?: () => void;
  onerror?: () => void;
  status = 0;
  responseText = "";
  answerHeaders: Record<string, string> = {};
  opened = "";
  body: unknown;
  isAborted = false;

  constructor() {
    FakeRequest.last = this;
  }
  open(method: string, url: string): void {
    this.opened = `${method} ${url}`;
  }
  setRequestHeader(name: string, value: string): void {
    this.sentHeaders[name] = value;
  }
  getResponseHeader(name: string): string | null {
    return this.answerHeaders[name] ?? null;
  }
  send(body: unknown): void {
    this.body = body;
  }
  abort(): void {
    this.isAborted = true;
  }
  answer(status: number, text = "", headers: Record<string, string> = {}): void {
    Object.assign(this, { status, responseText: text, answerHeaders: headers });
    this.onload?.();
  }
}

const file = new File(["12345678"], "a.txt");

function put({ isOwn = true, given = file } = {}) {
  vi.stubGlobal("XMLHttpRequest", FakeRequest);
  const onProgress = vi.fn<(sent: number) => void>();
  const controller = new AbortController();
  const request = { url: "https://host/x", method: "PUT", headers: { "content-type": "text/plain" }, isOwn };
  const outcome = putFile(request, given, { onProgress, signal: controller.signal }).then(
    () => "sent",
    (error: unknown) => error,
  );
  return { outcome, onProgress, controller, xhr: FakeRequest.last };
}

describe("a file", () => {
  it("is sent with its headers, and its progress told", async () => {
    const { outcome, onProgress, xhr } = put();
    xhr.upload.onprogress?.({ loaded: 4, total: 8 });
    xhr.answer(204);
    expect(await outcome).toBe("sent");
    expect(xhr).toMatchObject({
      opened: "PUT https://host/x",
      sentHeaders: { "content-type": "text/plain" },
      body: file,
    });
    expect(onProgress).toHaveBeenCalledWith(4);
  });

  it("that our server refuses fails with its sentence", async () => {
    const { outcome, xhr } = put();
    const error = { code: "too_large", message: "The file has 300 MB.", request_id: "r" };
    xhr.answer(413, JSON.stringify({ error }), { "retry-after": "9" });
    expect(await outcome).toMatchObject({
      status: 413,
      code: "too_large",
      message: "The file has 300 MB.",
      retryAfter: 9,
    });
  });

  it("that our server wants a key for has the key asked for", async () => {
    const { outcome, xhr } = put();
    xhr.answer(401, "");
    expect(await outcome).toMatchObject({ code: "unauthorized" });
    expect(useApiKey.getState().needed).toBe(true);
    useApiKey.setState({ needed: false });
  });

  it("that a bucket refuses does not: its 403 is about the signed address", async () => {
    const { outcome, xhr } = put({ isOwn: false });
    xhr.answer(403, "<Error><Code>AccessDenied</Code></Error>");
    expect(await outcome).toMatchObject({ status: 403, code: "upload_refused" });
    expect(useApiKey.getState().needed).toBe(false);
  });

  it("whose connection breaks fails as offline", async () => {
    const { outcome, xhr } = put();
    xhr.onerror?.();
    expect(await outcome).toEqual(new ApiError(0, "offline", ""));
  });

  it("that is gone from the disk is told from a broken connection", async () => {
    const gone = new File(["x"], "a.txt");
    gone.slice = () => ({ arrayBuffer: () => Promise.reject(new Error("NotFoundError")) }) as unknown as Blob;
    const { outcome, xhr } = put({ given: gone });
    xhr.onerror?.();
    expect(await outcome).toMatchObject({ code: "file_unreadable" });
  });

  it("that is cancelled ends its request", async () => {
    const { outcome, controller, xhr } = put();
    controller.abort();
    expect(await outcome).toMatchObject({ name: "AbortError" });
    expect(xhr.isAborted).toBe(true);
  });

  it("whose connection falls silent is given up, but not one that is slow", async () => {
    vi.useFakeTimers();
    try {
      const { outcome, xhr } = put();
      for (let sent = 1; sent < 8; sent += 1) {
        await vi.advanceTimersByTimeAsync(50_000);
        xhr.upload.onprogress?.({ loaded: sent, total: 8 });
      }
      expect(xhr.isAborted).toBe(false);
      await vi.advanceTimersByTimeAsync(61_000);
      expect(await outcome).toMatchObject({ code: "timeout" });
      expect(xhr.isAborted).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
