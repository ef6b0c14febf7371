/** The API's conversations in memory, for tests: answers `fetch` as the server does. */
import { vi } from "vitest";
import type { Header } from "./pages";

export interface FakeServer {
  conversations: Header[];
  /** Method and path of the requests so far. */
  readonly requests: string[];
  /** Answers instead, where it gives something. Gets "METHOD path?query". */
  intercept: ((request: string) => Response | Promise<Response> | undefined) | undefined;
}

const BASE = Date.parse("2026-11-21T12:00:00Z");

/** Conversations, the latest first, an hour apart. */
export function headers(count: number, titleOf = (n: number) => `Conversation ${n}`): Header[] {
  return Array.from({ length: count }, (_, n) => {
    const time = new Date(BASE - n * 3_600_000).toISOString();
    return { conversation_id: `c${n}`, title: titleOf(n), created_at: time, updated_at: time };
  });
}

export const failure = (status: number, code: string, message: string): Response =>
  Response.json({ error: { code, message, request_id: "r1" } }, { status });

export function fakeServer(conversations: Header[]): FakeServer {
  const server: FakeServer = { conversations, requests: [], intercept: undefined };
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const line = `${request.method} ${pathname}${search}`;
    server.requests.push(line);
    return (await server.intercept?.(line)) ?? answer(server, request);
  });
  return server;
}

async function answer(server: FakeServer, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, id, part] = /^\/api\/conversations\/([^/]+)(\/export)?$/.exec(pathname) ?? [];
  if (pathname === "/api/conversations") return listing(server, searchParams);
  const item = server.conversations.find((each) => each.conversation_id === id);
  if (!item) return failure(404, "not_found", "There is no such conversation.");
  if (part) return new Response(`# ${item.title}\n`, { headers: { "content-type": "text/markdown" } });
  if (request.method === "DELETE") {
    server.conversations = server.conversations.filter((each) => each !== item);
    return new Response(null, { status: 204 });
  }
  const { title } = (await request.json()) as { title: string };
  const renamed = { ...item, title };
  server.conversations = server.conversations.map((each) => (each === item ? renamed : each));
  return Response.json(renamed);
}

function listing({ conversations }: FakeServer, query: URLSearchParams): Response {
  const limit = Number(query.get("limit"));
  const start = Number(query.get("cursor") ?? 0);
  const page = conversations.slice(start, start + limit);
  const more = start + limit < conversations.length;
  return Response.json({ conversations: page, ...(more ? { next_cursor: String(start + limit) } : {}) });
}
