/** Gives the user the file that a document was made of. */
import { api, dataOf } from "~/api/client";
import { fetchOriginal } from "~/features/sources/original/fetchOriginal";
import { apiKey } from "~/state/apiKey";
import { saveFile } from "~/ui/saveFile";
import { uploadAddress } from "./uploadAddress";

/** Fails with an `ApiError`. */
export async function saveOriginal(documentId: string, filename: string): Promise<void> {
  const name = filename.slice(filename.lastIndexOf("/") + 1);
  const params = { path: { document_id: documentId } };
  const target = dataOf(await api.GET("/documents/{document_id}/download", { params }));
  const { url, isOwn } = uploadAddress(documentId, target.url);
  const needsHeaders = Object.keys(target.headers).length > 0 || (isOwn && apiKey() !== "");
  // Without, the browser writes it to the disk as it comes, however large it is.
  if (!needsHeaders) return followLink(url, name);
  const options = { signal: new AbortController().signal, onProgress: () => undefined };
  saveFile(await fetchOriginal(documentId, options), name);
}

/** The answer asks for being saved, so the page stays. */
function followLink(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.rel = "noopener noreferrer";
  link.click();
}
