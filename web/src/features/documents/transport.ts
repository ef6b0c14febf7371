/** What uploads and the library ask of the server. An interface, so that the queue is tested without one. */
import { API_KEY_HEADER, api, dataOf, type Schemas } from "~/api/client";
import { apiKey } from "~/state/apiKey";
import { putFile } from "./putFile";
import { uploadAddress } from "./uploadAddress";

export type DocumentView = Schemas["DocumentView"];
export type DocumentList = Schemas["DocumentList"];

/** As many as the server gives in one page. */
export const PAGE = 200;

export interface UploadTarget {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Announced {
  readonly documentId: string;
  readonly target: UploadTarget;
  /** Whether a document of this name was there. */
  readonly replaces: boolean;
}

export interface SendOptions {
  readonly onProgress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Every method fails with an `ApiError`, and with an AbortError where its signal was aborted. */
export interface Transport {
  readonly announce: (path: string, file: File) => Promise<Announced>;
  readonly send: (announced: Announced, file: File, options: SendOptions) => Promise<void>;
  readonly look: (documentId: string) => Promise<DocumentView>;
  readonly list: (cursor?: string) => Promise<DocumentList>;
  readonly retry: (documentId: string) => Promise<DocumentView>;
  readonly remove: (documentId: string) => Promise<void>;
}

const at = (document_id: string) => ({ params: { path: { document_id } } });

export const transport: Transport = {
  announce: async (path, file) => {
    const type = mediaType(file.type);
    const body = { filename: path, size: file.size, ...(type ? { content_type: type } : {}) };
    const { document_id, upload, replaces } = dataOf(await api.POST("/documents", { body }));
    return { documentId: document_id, target: upload, replaces };
  },
  send: async ({ documentId, target }, file, options) => {
    const { url, isOwn } = uploadAddress(documentId, target.url);
    const key = apiKey();
    // Whoever keeps the bytes elsewhere signed the address; the key is nobody's business but our own server's.
    const headers = isOwn && key ? { ...target.headers, [API_KEY_HEADER]: key } : target.headers;
    await putFile({ url, method: target.method, headers, isOwn }, file, options);
  },
  look: async (id) => dataOf(await api.GET("/documents/{document_id}", at(id))),
  list: async (cursor) =>
    dataOf(
      await api.GET("/documents", { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } } }),
    ),
  retry: async (id) => dataOf(await api.POST("/documents/{document_id}/retry", at(id))),
  remove: async (id) => {
    await api.DELETE("/documents/{document_id}", at(id));
  },
};

/** The type that the browser tells, where the API takes it. */
function mediaType(type: string): string | undefined {
  return /^[\x20-\x7e]{1,255}$/.test(type) ? type : undefined;
}
