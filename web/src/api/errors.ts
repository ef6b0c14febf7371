/** What went wrong with a request, as the user interface knows it. */
import type { components } from "./schema";

export type ErrorBody = components["schemas"]["ErrorBody"];

/**
 * `code` is the stable name of the API's error envelope, or one of our own where no envelope came:
 * `offline` (no connection), `stream_broken` (the connection ended in the middle of an answer),
 * `unreadable` (an answer that is none of this API's), `timeout`.
 */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly options: {
      readonly requestId?: string | undefined;
      readonly fields?: Readonly<Record<string, string>> | undefined;
      /** Seconds. */
      readonly retryAfter?: number | undefined;
    } = {},
  ) {
    super(message);
  }

  get retryAfter(): number | undefined {
    return this.options.retryAfter;
  }

  get requestId(): string | undefined {
    return this.options.requestId;
  }

  /** Whether the same request may well succeed later, unchanged. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The error of a response that is not OK; reads its body. */
export async function errorOf(response: Response): Promise<ApiError> {
  const retryAfter = secondsOf(response.headers.get("retry-after"));
  const body = await envelopeOf(response);
  if (body) {
    return new ApiError(response.status, body.code, body.message, {
      requestId: body.request_id,
      fields: body.fields ?? undefined,
      retryAfter: retryAfter ?? body.retry_after ?? undefined,
    });
  }
  // API Gateway and proxies answer without our envelope.
  return new ApiError(response.status, codeOfStatus(response.status), "", { retryAfter });
}

/** The error of a request that got no response. An abort is passed on as it is. */
export function errorOfFetch(error: unknown): unknown {
  if (error instanceof DOMException && error.name === "AbortError") return error;
  if (error instanceof ApiError) return error;
  return new ApiError(0, "offline", "");
}

async function envelopeOf(response: Response): Promise<ErrorBody | undefined> {
  try {
    const parsed: unknown = await response.json();
    if (typeof parsed !== "object" || parsed === null || !("error" in parsed)) return undefined;
    const { error } = parsed as { error: unknown };
    const isBody = typeof error === "object" && error !== null && "code" in error && "message" in error;
    return isBody ? (error as ErrorBody) : undefined;
  } catch {
    return undefined;
  }
}

function codeOfStatus(status: number): string {
  if (status === 401 || status === 403) return "unauthorized";
  if (status === 404) return "not_found";
  if (status === 413) return "too_large";
  if (status === 429) return "throttled";
  return status >= 500 ? "server_failed" : "unreadable";
}

/** Seconds of a Retry-After header, which is a number of seconds or a date. */
export function secondsOf(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
