/** The API's documents in memory, for tests: answers `fetch` as the server does. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { createQueryClient } from "~/api/queries";
import { Toasts } from "~/ui/Toasts";
import type { DocumentView } from "./transport";

export interface FakeDocuments {
  documents: DocumentView[];
  /** Method and path of the requests so far. */
  readonly requests: string[];
  /** Answers instead, where it gives something. Gets "METHOD path". */
  intercept: (line: string) => Response | undefined;
}

export const view = (filename: string, change: Partial<DocumentView> = {}): DocumentView => ({
  document_id: `id-${filename}`,
  filename,
  status: "ready",
  size: 2_000,
  pages: 3,
  chunks: 12,
  created_at: "2026-11-01T00:00:00Z",
  updated_at: "2026-11-01T00:00:00Z",
  ...change,
});

export const failure = (status: number, code: string, message: string): Response =>
  Response.json({ error: { code, message, request_id: "r" } }, { status });

export function fakeDocuments(documents: DocumentView[]): FakeDocuments {
  const server: FakeDocuments = { documents, requests: [], intercept: () => undefined };
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(input, init);
    const line = `${request.method} ${decodeURIComponent(new URL(request.url).pathname)}`;
    server.requests.push(line);
    return server.intercept(line) ?? answer(server, request);
  });
  return server;
}

function answer(server: FakeDocuments, { url, method }: Request): Response {
  const { pathname } = new URL(url);
  if (pathname === "/api/documents") return Response.json({ documents: server.documents });
  const id = decodeURIComponent(pathname.split("/")[3] ?? "");
  const found = server.documents.find((each) => each.document_id === id);
  if (!found) return failure(404, "not_found", "There is no such document.");
  if (method === "DELETE") {
    server.documents = server.documents.filter((each) => each !== found);
    return new Response(null, { status: 204 });
  }
  const now: DocumentView = method === "POST" ? { ...found, status: "queued", error: null } : found;
  server.documents = server.documents.map((each) => (each === found ? now : each));
  return Response.json(now);
}

/** Renders with all that stands around every page. */
export function show(element: ReactNode): void {
  render(
    <QueryClientProvider client={createQueryClient()}>
      {element}
      <Toasts />
    </QueryClientProvider>,
  );
}
