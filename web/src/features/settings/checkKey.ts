import { API_BASE, API_KEY_HEADER } from "~/api/client";
import { type ApiError, errorOf, errorOfFetch } from "~/api/errors";

/** Spaces and line ends come along when a key is copied. No header could carry what is not ASCII. */
export const cleanKey = (typed: string): string => typed.replace(/\s+/g, "");
export const canBeKey = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

/** Whether the server takes a key: `undefined`, or why not. An empty one asks whether it takes none. */
export async function checkKey(key: string, signal?: AbortSignal): Promise<ApiError | undefined> {
  try {
    const response = await fetch(new URL(`${API_BASE}/conversations?limit=1`, location.origin), {
      headers: key ? { [API_KEY_HEADER]: key } : {},
      ...(signal && { signal }),
    });
    return response.ok ? undefined : await errorOf(response);
  } catch (error) {
    return errorOfFetch(error) as ApiError;
  }
}
