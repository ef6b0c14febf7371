/** One turn, as a stream of events: `POST /chat` with `stream: true`. */
import { API_BASE, apiFetch, type Schemas } from "./client";
import { ApiError } from "./errors";
import { EventStreamReader, type ServerSentEvent } from "./sse";

export type ChatRequest = Omit<Schemas["ChatRequest"], "stream">;
export type Usage = Schemas["Usage"];
export type StopReason = Schemas["DoneEvent"]["stop_reason"];
export type Retrieval = Schemas["DoneEvent"]["retrieval"];
export type Stage = Schemas["StatusEvent"]["stage"];
export type DoneEvent = Schemas["DoneEvent"];

/** What a stream that goes well consists of; a failure is thrown. */
export type ChatEvent =
  | Schemas["StartEvent"]
  | Schemas["StatusEvent"]
  | Schemas["CitationsEvent"]
  | Schemas["DeltaEvent"]
  | Schemas["DoneEvent"];

interface ChatStreamOptions {
  readonly body: ChatRequest;
  /** The same key with the same body gives the same answer, for a day. */
  readonly idempotencyKey: string;
  /** Ends the stream with an AbortError. The server writes on and saves the answer. */
  readonly signal?: AbortSignal | undefined;
  readonly silenceMs?: number;
}

/** The server sends a comment at least every 15 seconds. */
const SILENCE_MS = 45_000;

/**
 * The events of the turn; the last is `done`.
 *
 * Throws `ApiError`: what the server refused or failed with; `offline` where there is no connection, `timeout` where nothing came for
 * `silenceMs`, `stream_broken` where the stream ended without an end of the turn, `unreadable` where what came is not of this API.
 */
export async function* chatStream(options: ChatStreamOptions): AsyncGenerator<ChatEvent, void> {
  const watch = new SilenceWatch(options.silenceMs ?? SILENCE_MS, options.signal);
  try {
    const response = await watch.over(
      apiFetch(new URL(`${API_BASE}/chat`, location.origin), {
        method: "POST",
        headers: {
          accept: "text/event-stream",
          "content-type": "application/json",
          "idempotency-key": options.idempotencyKey,
        },
        body: JSON.stringify({ ...options.body, stream: true }),
        signal: watch.signal,
      }),
    );
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (!response.body || !isStream) throw unreadable(response.status);
    for await (const event of eventsOf(response.body, watch)) {
      yield event;
      if (event.type === "done") return;
    }
    throw broken();
  } finally {
    watch.end();
  }
}

async function* eventsOf(body: ReadableStream<Uint8Array>, watch: SilenceWatch): AsyncGenerator<ChatEvent> {
  const reader = body.getReader();
  const lines = new EventStreamReader();
  try {
    for (;;) {
      const { done, value } = await watch.over(reader.read()).catch((error: unknown) => {
        throw isOurs(error) ? error : broken();
      });
      if (done) return;
      for (const sent of read(lines, value)) {
        const event = parsed(sent);
        if (event) yield event;
      }
    }
  } finally {
    // Whoever stops reading lets go of the connection.
    reader.cancel().catch(() => undefined);
  }
}

function read(lines: EventStreamReader, bytes: Uint8Array): ServerSentEvent[] {
  try {
    return lines.read(bytes);
  } catch {
    throw unreadable(200);
  }
}

/** Whether this was thrown on purpose; otherwise the connection, which was there, has failed. */
const isOurs = (error: unknown): boolean =>
  error instanceof ApiError || (error instanceof DOMException && error.name === "AbortError");

const broken = (): ApiError => new ApiError(0, "stream_broken", "");
const unreadable = (status: number): ApiError => new ApiError(status, "unreadable", "");

/** The event that was sent; `undefined` for one that a later version of the API may have. Throws the error that it tells of. */
function parsed({ event, data }: ServerSentEvent): ChatEvent | undefined {
  if (!(event in SHAPES) && event !== "error") return undefined;
  const value = objectOf(data);
  if (event === "error") throw toldError(value);
  // A piece of an answer that cannot be read would be missing from it, unseen.
  if (!value || !SHAPES[event as ChatEvent["type"]](value)) throw unreadable(200);
  return { ...value, type: event } as ChatEvent;
}

type Fields = Readonly<Record<string, unknown>>;
const isText = (value: unknown): value is string => typeof value === "string";
const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null;

const SHAPES: Readonly<Record<ChatEvent["type"], (event: Fields) => boolean>> = {
  start: (event) => isText(event.conversation_id) && isText(event.message_id) && isText(event.model),
  status: (event) => isText(event.stage),
  citations: (event) => Array.isArray(event.citations) && event.citations.every(isCitation),
  delta: (event) => isText(event.text),
  done: (event) => isText(event.stop_reason) && isObject(event.usage),
};

function isCitation(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value.number === "number" && isText(value.document) && isText(value.text);
}

function objectOf(data: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function toldError(value: Fields | undefined): ApiError {
  const error = value?.error;
  if (!isObject(error) || !isText(error.code)) return broken();
  return new ApiError(0, error.code, isText(error.message) ? error.message : "", {
    requestId: isText(error.request_id) ? error.request_id : undefined,
    retryAfter: typeof error.retry_after === "number" ? error.retry_after : undefined,
  });
}

/** Ends a request that has been silent for too long: a connection may die without either side being told. */
class SilenceWatch {
  private readonly controller = new AbortController();
  private fail: (reason: Error) => void = () => undefined;
  private readonly failure = new Promise<never>((_, reject) => {
    this.fail = reject;
  });
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly onAbort = (): void => this.stop(new DOMException("the stream was ended", "AbortError"));

  constructor(
    private readonly milliseconds: number,
    private readonly outer: AbortSignal | undefined,
  ) {
    // It may fail while nothing is under way, and nobody waits.
    this.failure.catch(() => undefined);
    if (outer?.aborted) this.onAbort();
    else outer?.addEventListener("abort", this.onAbort);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The result of this step, unless nothing comes of it in time, or the outer signal ends it. */
  async over<T>(step: Promise<T>): Promise<T> {
    this.timer = setTimeout(() => this.stop(new ApiError(0, "timeout", "")), this.milliseconds);
    try {
      return await Promise.race([step, this.failure]);
    } finally {
      clearTimeout(this.timer);
    }
  }

  end(): void {
    this.outer?.removeEventListener("abort", this.onAbort);
  }

  private stop(reason: Error): void {
    this.fail(reason);
    this.controller.abort();
  }
}
