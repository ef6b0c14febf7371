/** The bytes of a document's file, as it was sent, with progress. */
import { api, apiFetch, dataOf } from "~/api/client";
import { ApiError, errorOfFetch } from "~/api/errors";
import { uploadAddress } from "~/features/documents/uploadAddress";

export interface Progress {
  readonly loaded: number;
  /** Bytes; `undefined` where the server does not say. */
  readonly total: number | undefined;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /**
   * Called with the size before the first byte is read; where it is not known, with what there is so far, again and again. What it
   * throws ends the request.
   */
  readonly onSize?: (bytes: number) => void;
}

/** Where the bytes are for a while. */
export interface OriginalAddress {
  readonly url: string;
  /** Whether it is our own server, which may see the API key. */
  readonly isOwn: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Fails with an `ApiError` or an AbortError. */
export async function addressOfOriginal(documentId: string, signal: AbortSignal): Promise<OriginalAddress> {
  const params = { path: { document_id: documentId } };
  const target = dataOf(await api.GET("/documents/{document_id}/download", { params, signal }));
  return { ...uploadAddress(documentId, target.url), headers: target.headers };
}

/** Fails with an `ApiError`, an AbortError, or what `onSize` throws. */
export async function fetchOriginal(address: OriginalAddress, options: FetchOptions): Promise<Blob> {
  const { url, isOwn, headers } = address;
  const init = { headers, signal: options.signal };
  return readBody(isOwn ? await apiFetch(url, init) : await foreignFetch(url, init), options);
}

/** Whoever else keeps the bytes (a bucket) signed the address: it learns neither the key nor where the page is. */
async function foreignFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, credentials: "omit", referrerPolicy: "no-referrer" }).catch(
    (error: unknown) => {
      throw errorOfFetch(error);
    },
  );
  if (response.ok) return response;
  // Its 403 says that the address is too old, not that our key is wrong.
  throw new ApiError(response.status, response.status === 404 ? "not_found" : "server_failed", "");
}

async function readBody(response: Response, { onProgress, onSize }: FetchOptions): Promise<Blob> {
  const total = sizeOf(response);
  if (total !== undefined && onSize) await cancelling(response.body, () => onSize(total));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  onProgress({ loaded, total });
  for (const reader = response.body?.getReader(); reader; ) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw errorOfFetch(error);
    });
    if (done) break;
    parts.push(value);
    loaded += value.length;
    if (total === undefined && onSize) await cancelling(reader, () => onSize(loaded));
    onProgress({ loaded, total });
  }
  return new Blob(parts);
}

/** What the connection carries is not the size of the file where it is compressed on the way. */
function sizeOf(response: Response): number | undefined {
  const length = Number(response.headers.get("content-length"));
  return length > 0 && !response.headers.get("content-encoding") ? length : undefined;
}

async function cancelling(
  body: Pick<ReadableStreamDefaultReader, "cancel"> | null,
  check: () => void,
): Promise<void> {
  try {
    check();
  } catch (error) {
    await body?.cancel();
    throw error;
  }
}
