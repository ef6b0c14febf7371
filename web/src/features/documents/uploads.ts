/** Uploads of this page: the queue with its surroundings (the browser's events, the API key, the conversations' choices). */
import { useStore } from "zustand";
import { apiKey, useApiKey } from "~/state/apiKey";
import { NEW, onAdopted } from "~/state/choices";
import { attachDocument } from "./attach";
import { keepDocument } from "./deleting";
import { DocumentWatch, type SeenById } from "./documentWatch";
import { transport } from "./transport";
import type { Given } from "./uploadBatch";
import { countsOf, isSending } from "./uploadItems";
import { UploadQueue, type UploadsState } from "./uploadQueue";

export const documentWatch = new DocumentWatch(transport);

const queue = new UploadQueue({
  transport,
  watch: documentWatch,
  onAnnounced: ({ documentId, conversationId }) => {
    if (documentId === undefined) return;
    keepDocument(documentId);
    if (conversationId !== undefined) attachDocument(conversationId, documentId);
  },
});

/** Uploads files; those of `conversationId` may be used by that conversation, whatever it was restricted to. */
export const uploadFiles = (files: Iterable<Given>, conversationId?: string): void =>
  queue.add(files, conversationId);

export const cancelUploads = (ids: readonly number[]): void => queue.cancel(ids);
export const retryUploads = (ids: readonly number[]): void => queue.retry(ids);
export const dismissUploads = (ids: readonly number[]): void => queue.dismiss(ids);
/** Takes those that went well out of the list. What may still be sent or retried stays: it is the user's. */
export const forgetFinishedUploads = (): void =>
  queue.dismiss(
    queue.store
      .getState()
      .items.filter(({ state }) => state.name === "ready")
      .map(({ id }) => id),
  );
export const resumeUploads = (): void => queue.resume();

export function useUploads<T>(select: (state: UploadsState) => T): T {
  return useStore(queue.store, select);
}

export function useSeenDocuments(): SeenById {
  return useStore(documentWatch.seen);
}

function goOn(): void {
  queue.resume();
  documentWatch.wake();
}

addEventListener("online", goOn);

onAdopted((id) => queue.reattach(NEW, id));

useApiKey.subscribe((now, before) => {
  const isAnswered = before.needed && !now.needed;
  if (isAnswered || now.key !== before.key) {
    if (queue.store.getState().hold?.reason === "unauthorized" && apiKey()) queue.resume();
    documentWatch.wake();
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) documentWatch.wake();
});

const warn = (event: BeforeUnloadEvent): void => event.preventDefault();

queue.store.subscribe(({ items }, before) => {
  if (items === before.items) return;
  // Adding a listener twice is adding it once. Without one the browser may keep the page for going back.
  if (isSending(countsOf(items))) addEventListener("beforeunload", warn);
  else removeEventListener("beforeunload", warn);
});
