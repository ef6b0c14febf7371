import { API_BASE, API_KEY_HEADER, type Schemas } from "~/api/client";
import { errorOf, errorOfFetch } from "~/api/errors";
import { apiKey, reportUnauthorized } from "~/state/apiKey";

export type ServerHealth = Schemas["DetailedHealth"];

/**
 * How what the server depends on is doing. Where something fails the answer is a 503 with the report as its body, so that this does
 * not go through the client, which takes every such answer for a failed request. Fails with an `ApiError` or an AbortError.
 */
export async function serverHealth(signal?: AbortSignal): Promise<ServerHealth> {
  const key = apiKey();
  const response = await fetch(new URL(`${API_BASE}/health/detailed`, location.origin), {
    headers: key ? { [API_KEY_HEADER]: key } : {},
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    throw errorOfFetch(error);
  });
  const report: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  if (isReport(report)) return report;
  const error = await errorOf(response);
  if (error.code === "unauthorized") reportUnauthorized();
  throw error;
}

function isReport(body: unknown): body is ServerHealth {
  if (typeof body !== "object" || body === null || !("dependencies" in body)) return false;
  return typeof body.dependencies === "object" && body.dependencies !== null;
}
