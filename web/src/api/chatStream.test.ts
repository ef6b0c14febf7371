import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useApiKey } from "~/state/apiKey";
import { type ChatEvent, chatStream } from "./chatStream";
import { ApiError } from "./errors";

const START = { type: "start", conversation_id: "c", message_id: "m", model: "builtin" };
const DONE = {
  type: "done",
  stop_reason: "end_turn",
  usage: { input_tokens: 1, output_tokens: 2, cache_read_tokens: 0 },
  retrieval: "disabled",
  model: "builtin",
};
const wire = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");

type Source = (controller: ReadableStreamDefaultController<Uint8Array>) => void;

let requests: Request[] = [];
let cancelled = false;

function serverSends(source: Source, init: ResponseInit = {}): void {
  const headers = { "content-type": "text/event-stream; charset=utf-8", ...init.headers };
  vi.stubGlobal("fetch", async (request: Request) => {
    requests.push(request);
    const cancel = (): void => {
      cancelled = true;
    };
    return new Response(new ReadableStream({ start: source, cancel }), { ...init, headers });
  });
}

const say =
  (...pieces: readonly string[]): Source =>
  (controller) => {
    for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
    controller.close();
  };

async function collect(options: { signal?: AbortSignal; silenceMs?: number } = {}): Promise<{
  events: ChatEvent[];
  error: unknown;
}> {
  const events: ChatEvent[] = [];
  const body = { message: "Hello", use_documents: true };
  try {
    for await (const event of chatStream({ body, idempotencyKey: "key-1", ...options })) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

const codeOf = (error: unknown): string | undefined => (error instanceof ApiError ? error.code : undefined);

beforeEach(() => {
  requests = [];
  cancelled = false;
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a turn that is streamed", () => {
  it("gives its events in their order and ends with done", async () => {
    const citations = {
      type: "citations",
      citations: [{ number: 1, document_id: "d", document: "a.pdf", text: "x", score: 1 }],
    };
    const events = [
      START,
      { type: "status", stage: "retrieving" },
      citations,
      { type: "delta", text: "a" },
      DONE,
    ];
    serverSends(say(wire(...events)));
    expect(await collect()).toEqual({ events, error: undefined });
  });

  it("asks once, with the key of the turn, as a stream", async () => {
    useApiKey.setState({ key: "secret-key" });
    serverSends(say(wire(START, DONE)));
    await collect();
    useApiKey.setState({ key: "" });
    expect(requests).toHaveLength(1);
    const [request] = requests;
    expect(new URL(request?.url ?? "").pathname).toBe("/api/chat");
    expect(request?.headers.get("idempotency-key")).toBe("key-1");
    expect(request?.headers.get("x-api-key")).toBe("secret-key");
    expect(await request?.json()).toEqual({ message: "Hello", use_documents: true, stream: true });
  });

  it("lets go of the connection after done, whatever follows", async () => {
    serverSends((controller) =>
      controller.enqueue(new TextEncoder().encode(wire(START, DONE, { type: "delta" }))),
    );
    expect((await collect()).events).toHaveLength(2);
    await vi.waitFor(() => expect(cancelled).toBe(true));
  });

  it("passes over events of a later version", async () => {
    serverSends(say("event: thought\ndata: not even JSON\n\n", wire(START, DONE)));
    expect((await collect()).events.map((event) => event.type)).toEqual(["start", "done"]);
  });
});

describe("a turn that fails", () => {
  it("throws what the server told in the stream", async () => {
    const error = { code: "model_failed", message: "The model stopped.", request_id: "r-1", retry_after: 7 };
    serverSends(say(wire(START), `event: error\ndata: ${JSON.stringify({ type: "error", error })}\n\n`));
    const found = await collect();
    expect(found.events).toHaveLength(1);
    expect(found.error).toMatchObject({ code: "model_failed", message: "The model stopped.", retryAfter: 7 });
    expect((found.error as ApiError).requestId).toBe("r-1");
  });

  it("throws what the server refused it with, and says when to come again", async () => {
    vi.stubGlobal(
      "fetch",
      async () =>
        new Response(
          JSON.stringify({ error: { code: "model_throttled", message: "Slower.", request_id: "r" } }),
          {
            status: 429,
            headers: { "retry-after": "7" },
          },
        ),
    );
    const { error } = await collect();
    expect(error).toMatchObject({ status: 429, code: "model_throttled", retryAfter: 7 });
  });

  it("asks for the key of the API where the server does", async () => {
    useApiKey.setState({ needed: false });
    vi.stubGlobal("fetch", async () => new Response('{"message":"Forbidden"}', { status: 403 }));
    expect(codeOf((await collect()).error)).toBe("unauthorized");
    expect(useApiKey.getState().needed).toBe(true);
  });

  it("is offline where there is no connection", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("Failed to fetch");
    });
    expect(codeOf((await collect()).error)).toBe("offline");
  });

  it.each([
    ["ends in the middle", say(wire(START, { type: "delta", text: "Hal" } as never))],
    ["ends before it began", say("")],
    ["ends in the middle of its last event", say(wire(START), 'event: done\ndata: {"stop')],
    [
      "is torn",
      (controller) => {
        controller.enqueue(new TextEncoder().encode(wire(START)));
        controller.error(new TypeError("network error"));
      },
    ],
    ["fails without saying how", say(wire(START), "event: error\ndata: {}\n\n")],
  ] satisfies [string, Source][])("is broken where the stream %s", async (_, source) => {
    serverSends(source);
    expect(codeOf((await collect()).error)).toBe("stream_broken");
  });

  it.each([
    ["a piece that is no JSON", "event: delta\ndata: {text\n\n"],
    ["a piece without its text", 'event: delta\ndata: {"type":"delta"}\n\n'],
    ["a piece that is null", "event: delta\ndata: null\n\n"],
    ["citations that are none", 'event: citations\ndata: {"citations":[{"number":"1"}]}\n\n'],
    ["an end without figures", 'event: done\ndata: {"stop_reason":"end_turn"}\n\n'],
  ])("is unreadable with %s", async (_, sent) => {
    serverSends(say(wire(START), sent, wire(DONE)));
    expect(codeOf((await collect()).error)).toBe("unreadable");
  });

  it("is unreadable where a page came instead of a stream", async () => {
    serverSends(say("<html>Sign in to this network</html>"), { headers: { "content-type": "text/html" } });
    expect(codeOf((await collect()).error)).toBe("unreadable");
  });

  it("is given up after a long silence, and the connection let go", async () => {
    serverSends((controller) => controller.enqueue(new TextEncoder().encode(wire(START))));
    const { events, error } = await collect({ silenceMs: 20 });
    expect(events).toHaveLength(1);
    expect(codeOf(error)).toBe("timeout");
    expect(cancelled).toBe(true);
  });

  it("is given up where the server takes the request and says nothing", async () => {
    vi.stubGlobal("fetch", () => new Promise(() => undefined));
    expect(codeOf((await collect({ silenceMs: 20 })).error)).toBe("timeout");
  });
});

describe("a turn that is slow", () => {
  it("is waited for as long as the server says that it still works", async () => {
    vi.useFakeTimers();
    const encoder = new TextEncoder();
    serverSends((controller) => {
      for (const seconds of [10, 20, 30, 40, 50])
        setTimeout(() => controller.enqueue(encoder.encode(": still working\n\n")), seconds * 1000);
      setTimeout(() => controller.enqueue(encoder.encode(wire(START, DONE))), 60_000);
    });
    const found = collect({ silenceMs: 15_000 });
    await vi.advanceTimersByTimeAsync(61_000);
    expect((await found).events.map((event) => event.type)).toEqual(["start", "done"]);
  });
});

describe("a turn that is left", () => {
  const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === "AbortError";

  it("ends with an AbortError", async () => {
    const leaving = new AbortController();
    serverSends((controller) => {
      controller.enqueue(new TextEncoder().encode(wire(START)));
      setTimeout(() => leaving.abort(), 5);
    });
    expect(isAbort((await collect({ signal: leaving.signal })).error)).toBe(true);
  });

  it("is not begun where that was said before", async () => {
    serverSends(say(wire(START, DONE)));
    const { events, error } = await collect({ signal: AbortSignal.abort() });
    expect(events).toEqual([]);
    expect(isAbort(error)).toBe(true);
  });
});
