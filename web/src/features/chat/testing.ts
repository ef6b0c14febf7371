/** A server for tests: takes turns, and says what it is told to, when it is told to. */
import { vi } from "vitest";
import type { ChatRequest } from "~/api/chatStream";
import { useDrafts } from "~/state/drafts";
import type { MessageView } from "./conversation";
import { useEditing } from "./editing";
import { useLiveTurns } from "./liveTurns";
import { type Asked, begun, type LiveTurn } from "./turn";

type Sent = Readonly<Record<string, unknown>> & { readonly type: string };

export interface TakenTurn {
  readonly body: ChatRequest & { readonly stream: boolean };
  readonly key: string;
  readonly aborted: boolean;
  readonly send: (...events: readonly Sent[]) => void;
  /** Ends the connection, in the middle or after the last event. */
  readonly end: () => void;
}

export interface FakeServer {
  readonly turns: TakenTurn[];
  readonly stopped: string[];
  /** Answers the next turn with this instead of a stream. */
  refuseNext: (() => Response) | undefined;
  stopFails: boolean;
  /** Answers to GET, by path below /api. */
  readonly pages: Map<string, () => Response>;
}

export const started = (messageId = "reply-1"): Sent => ({
  type: "start",
  conversation_id: "c",
  message_id: messageId,
  model: "builtin",
});
export const delta = (text: string): Sent => ({ type: "delta", text });
export const doneEvent: Sent = {
  type: "done",
  stop_reason: "end_turn",
  usage: { input_tokens: 3, output_tokens: 4, cache_read_tokens: 0, cost_usd: 0 },
  retrieval: "disabled",
  model: "builtin",
};
export const failed = (code: string): Sent => ({
  type: "error",
  error: { code, message: `It is ${code}.`, request_id: "r" },
});

export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ error: { code, message: `It is ${code}.`, request_id: "r" } }), {
    status,
    headers,
  });

/** Puts a server in the place of `fetch`. */
export function startServer(): FakeServer {
  const server: FakeServer = {
    turns: [],
    stopped: [],
    refuseNext: undefined,
    stopFails: false,
    pages: new Map(),
  };
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/chat") return takeTurn(server, request);
    const stop = /^\/api\/chat\/([^/]+)\/stop$/.exec(pathname)?.[1];
    if (!stop) return server.pages.get(pathname.replace("/api", ""))?.() ?? refusal(404, "not_found");
    if (server.stopFails) return refusal(503, "store_unavailable");
    server.stopped.push(stop);
    return new Response(null, { status: 204 });
  });
  return server;
}

async function takeTurn(server: FakeServer, request: Request): Promise<Response> {
  const refuse = server.refuseNext;
  server.refuseNext = undefined;
  const body = (await request.json()) as TakenTurn["body"];
  const key = request.headers.get("idempotency-key") ?? "";
  const state = { aborted: false };
  let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => {
      stream = controller;
    },
    cancel: () => {
      state.aborted = true;
    },
  });
  const encoder = new TextEncoder();
  server.turns.push({
    body,
    key,
    get aborted() {
      return state.aborted;
    },
    send: (...events) => {
      for (const event of events)
        stream?.enqueue(encoder.encode(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`));
    },
    end: () => stream?.close(),
  });
  return refuse?.() ?? new Response(readable, { headers: { "content-type": "text/event-stream" } });
}

/** Everything that the page knows is gone, as after closing it; what the browser keeps stays. */
export function forgetPage(): void {
  useLiveTurns.setState({ turns: {}, texts: {} });
  useDrafts.setState({ byConversation: {} });
  useEditing.setState({ texts: {}, origins: {}, opened: undefined });
}

/** Alternating questions and answers: q1 a1 q2 a2 ... */
export function messagesOf(turns: number, from = 1): MessageView[] {
  return Array.from({ length: turns }, (_, index) => index + from).flatMap((number): MessageView[] => [
    {
      message_id: `q${number}`,
      role: "user",
      text: `Question ${number}`,
      created_at: at(number),
      citations: [],
    },
    {
      message_id: `a${number}`,
      role: "assistant",
      text: `Answer ${number}`,
      created_at: at(number),
      model: "builtin",
      citations: [],
    },
  ]);
}

const at = (number: number): string => new Date(Date.UTC(2025, 0, 1, 0, number)).toISOString();

export const askedTurn = (change: Partial<Asked> = {}): Asked => ({
  key: "key-1",
  conversationId: "c",
  begins: false,
  kind: "ask",
  body: { message: "Why?", conversation_id: "c", use_documents: true },
  askedAt: 0,
  ...change,
});

export const liveTurn = (change: Partial<LiveTurn> = {}): LiveTurn => ({
  ...begun(askedTurn(), 0),
  ...change,
});
