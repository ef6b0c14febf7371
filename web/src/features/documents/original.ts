/** Gives the user the file that a document was made of. */
import { addressOfOriginal, fetchOriginal } from "~/features/sources/original/fetchOriginal";
import { apiKey } from "~/state/apiKey";
import { saveFile } from "~/ui/saveFile";

/** Fails with an `ApiError`, or an AbortError where the signal ends it. */
export async function saveOriginal(
  documentId: string,
  filename: string,
  signal = new AbortController().signal,
): Promise<void> {
  const name = filename.slice(filename.lastIndexOf("/") + 1) || filename;
  const address = await addressOfOriginal(documentId, signal);
  const needsHeaders = Object.keys(address.headers).length > 0 || (address.isOwn && apiKey() !== "");
  // Without, the browser writes it to the disk as it comes, however large it is.
  if (!needsHeaders) return followLink(address.url, name);
  saveFile(await fetchOriginal(address, { signal, onProgress: () => undefined }), name);
}

/** The answer asks for being saved, so the page stays. */
function followLink(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.rel = "noopener noreferrer";
  link.click();
}
