/** The typed client of the HTTP API, and `apiFetch`, by which every request of the user interface goes. */
import createClient from "openapi-fetch";
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

// An address of its own rather than a path: outside a browser `Request` takes no relative one.
export const api = createClient<paths>({ baseUrl: new URL(API_BASE, location.origin).href, fetch: apiFetch });

/** The data of a response; failures were thrown before. */
export function dataOf<T>(result: { data?: T | undefined }): T {
  return result.data as T;
}
