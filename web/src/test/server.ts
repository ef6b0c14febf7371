import { afterEach, vi } from "vitest";

type Answer = unknown | ((request: Request) => unknown);

afterEach(() => {
  vi.unstubAllGlobals();
});

/**
 * Stands in for the server: `{"GET /conversations": {...}}` answers with that as JSON, a `Response` as it is, a function with what it
 * returns; an `Error` is no connection. What is not named is a 404. Returns the requests as they come.
 */
export function serve(answers: Readonly<Record<string, Answer>>): Request[] {
  const requests: Request[] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    requests.push(request);
    const path = new URL(request.url).pathname.replace(/^\/api/, "");
    const found = answers[`${request.method} ${path}`];
    const said = typeof found === "function" ? await found(request) : found;
    if (said instanceof Error) throw new TypeError("fetch failed");
    if (said instanceof Response) return said.clone();
    return said === undefined ? failure(404, "not_found", "There is no such thing.") : Response.json(said);
  };
  vi.stubGlobal("fetch", answer);
  return requests;
}

export function failure(status: number, code: string, message: string, headers?: HeadersInit): Response {
  const error = { code, message, request_id: "request-1" };
  return Response.json({ error }, { status, ...(headers && { headers }) });
}
