/** The typed client of the HTTP API. Every request of the user interface goes through here or through `apiFetch`. */
import createClient, { type Middleware } from "openapi-fetch";
import { apiKey, reportUnauthorized } from "~/state/apiKey";
import { errorOf, errorOfFetch } from "./errors";
import type { components, paths } from "./schema";

/** The API stands beside the page, in the cloud (CloudFront) as on a laptop. */
export const API_BASE = "/api";
export const API_KEY_HEADER = "x-api-key";

export type Schemas = components["schemas"];

/** `fetch` with the API key, where every failure is an `ApiError` (an abort stays an AbortError). */
export async function apiFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const key = apiKey();
  if (key) request.headers.set(API_KEY_HEADER, key);
  const response = await fetch(request).catch((error: unknown) => {
    throw errorOfFetch(error);
  });
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.code === "unauthorized") reportUnauthorized();
  throw error;
}

const failures: Middleware = {
  onRequest: ({ request }) => {
    const key = apiKey();
    if (key) request.headers.set(API_KEY_HEADER, key);
    return request;
  },
  onResponse: async ({ response }) => {
    if (response.ok) return undefined;
    const error = await errorOf(response);
    if (error.code === "unauthorized") reportUnauthorized();
    throw error;
  },
  onError: ({ error }) => errorOfFetch(error) as Error,
};

// An address of its own rather than a path: outside a browser `Request` takes no relative one.
export const api = createClient<paths>({
  baseUrl: new URL(API_BASE, location.origin).href,
  // Looked up at each request, so that a test may put another in its place.
  fetch: (request) => fetch(request),
});
api.use(failures);

/** The data of a response; failures were thrown before. */
export function dataOf<T>(result: { data?: T | undefined }): T {
  return result.data as T;
}
