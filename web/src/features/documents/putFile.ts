/** Sends a file's bytes. By XMLHttpRequest, because `fetch` tells nothing of how far it has come. */
import { ApiError, errorOf } from "~/api/errors";
import { reportUnauthorized } from "~/state/apiKey";
import type { SendOptions } from "./transport";

interface PutRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether our own server answers, in its own words; a bucket answers in others. */
  readonly isOwn: boolean;
}

/** A connection that moves nothing for so long is given up. */
const SILENCE = 60_000;
/** All bytes are there; the server writes them to its disk. */
const WAIT_FOR_ANSWER = 180_000;

/**
 * Fails with an `ApiError`: what the server says; code `offline` where the connection broke; `timeout` where it fell silent;
 * `upload_refused` where a bucket refused; `file_unreadable` where the file has changed or gone since it was chosen.
 */
export function putFile(request: PutRequest, file: File, { onProgress, signal }: SendOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      done();
    };
    const fail = (error: unknown): void => settle(() => reject(error));
    const onAbort = (): void => {
      fail(aborted());
      xhr.abort();
    };
    const expectWithin = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        fail(new ApiError(0, "timeout", ""));
        xhr.abort();
      }, milliseconds);
    };
    xhr.upload.onprogress = (event) => {
      expectWithin(event.loaded < event.total ? SILENCE : WAIT_FOR_ANSWER);
      onProgress(event.loaded);
    };
    xhr.upload.onload = () => expectWithin(WAIT_FOR_ANSWER);
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) settle(resolve);
      else void errorOfAnswer(xhr, request.isOwn).then(fail);
    };
    xhr.onerror = () => void errorOfBreak(file).then(fail);
    if (signal.aborted) return reject(aborted());
    signal.addEventListener("abort", onAbort);
    try {
      xhr.open(request.method, request.url);
      for (const [name, value] of Object.entries(request.headers)) xhr.setRequestHeader(name, value);
      expectWithin(SILENCE);
      xhr.send(file);
    } catch {
      // A method or header that no browser sends.
      fail(new ApiError(0, "unreadable", ""));
    }
  });
}

async function errorOfAnswer(xhr: XMLHttpRequest, isOwn: boolean): Promise<ApiError> {
  if (!isOwn) return new ApiError(xhr.status, xhr.status >= 500 ? "server_failed" : "upload_refused", "");
  const retryAfter = xhr.getResponseHeader("retry-after");
  // The body before the length check of Response: a status outside of 200 to 599 is none of HTTP's.
  const headers = retryAfter ? { "retry-after": retryAfter } : {};
  const error = await errorOf(new Response(xhr.responseText, { status: xhr.status, headers }));
  if (error.code === "unauthorized") reportUnauthorized();
  return error;
}

/** The browser tells a broken connection and an unreadable file by the same event. */
async function errorOfBreak(file: File): Promise<ApiError> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return new ApiError(0, "offline", "");
  } catch {
    return new ApiError(0, "file_unreadable", "");
  }
}

const aborted = (): DOMException => new DOMException("The upload was cancelled.", "AbortError");
