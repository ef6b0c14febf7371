/** Deletes documents, with time to think again (state/undoable.ts). */
import { create } from "zustand";
import { API_BASE, api, apiFetch } from "~/api/client";
import { ApiError } from "~/api/errors";
import { readStored, store } from "~/state/storage";
import { doLater, doNow, usePending } from "~/state/undoable";
import { unfinishedDeletes } from "~/state/unfinished";

interface Deletion {
  readonly ids: readonly string[];
  readonly text: string;
  readonly undoLabel: string;
  /** These are deleted. */
  readonly onDeleted: (ids: readonly string[]) => void;
  readonly onFailed: (error: unknown) => void;
}

const PREFIX = "documents:";
const AT_ONCE = 4;
/** When the deletions that are under way began, in milliseconds. */
const SINCE = "deletingDocumentsSince";
const unfinished = unfinishedDeletes("deletingDocuments");

/** Those that were uploaded again while their deletion waited: it is not for them any more. */
const useKept = create<{ readonly ids: ReadonlySet<string> }>(() => ({ ids: new Set() }));

export function keepDocument(id: string): void {
  unfinished.forget([id]);
  if (!useKept.getState().ids.has(id)) useKept.setState(({ ids }) => ({ ids: new Set(ids).add(id) }));
}

export function deleteLater({ ids, text, undoLabel, onDeleted, onFailed }: Deletion): void {
  useKept.setState(({ ids: kept }) => ({ ids: new Set([...kept].filter((id) => !ids.includes(id))) }));
  doLater({
    key: PREFIX + ids.join(","),
    text,
    undoLabel,
    commit: async (keepalive) => {
      try {
        await finish(ids, keepalive, onDeleted);
      } catch (error) {
        // The user is told, and may try again. Nobody is there to be told where the page goes away.
        if (!keepalive) unfinished.forget(ids);
        throw error;
      }
    },
    onFailed,
  });
}

/** Finishes what the page before this one had begun. What fails is in the list again, and the next page tries once more. */
export function finishDeleting(onDeleted: Deletion["onDeleted"]): void {
  const ids = unfinished.ids();
  if (!ids.length) return;
  const commit = async (): Promise<void> => {
    const changed = await changedSince(ids, readStored(SINCE));
    unfinished.forget(changed);
    await finish(
      ids.filter((id) => !changed.includes(id)),
      false,
      onDeleted,
    );
  };
  doNow({ key: PREFIX + ids.join(","), commit, onFailed: () => undefined });
}

/** Those that were uploaded again meanwhile, from another browser perhaps: the deletion was not meant for them. */
async function changedSince(ids: readonly string[], since: unknown): Promise<string[]> {
  const views = await Promise.all(
    ids.map((id) =>
      api
        .GET("/documents/{document_id}", { params: { path: { document_id: id } } })
        .catch((error: unknown) => {
          if (error instanceof ApiError && error.code === "not_found") return undefined;
          throw error;
        }),
    ),
  );
  return ids.filter((_, at) => {
    const updated = views[at]?.data?.updated_at;
    return updated !== undefined && typeof since === "number" && Date.parse(updated) > since;
  });
}

async function finish(
  ids: readonly string[],
  keepalive: boolean,
  onDeleted: Deletion["onDeleted"],
): Promise<void> {
  const wanted = ids.filter((id) => !useKept.getState().ids.has(id));
  // Many take a while, and the page may go away at any moment.
  if (!unfinished.ids().length) store(SINCE, Date.now());
  unfinished.remember(wanted);
  const { deleted, error } = await removeAll(wanted, keepalive);
  unfinished.forget(deleted);
  onDeleted(deleted);
  if (error) throw error;
}

/** Ids of the documents that are about to be deleted: lists leave them out. */
export function usePendingDocuments(): ReadonlySet<string> {
  const pending = usePending();
  const kept = useKept(({ ids }) => ids);
  return pendingDocuments(pending, kept);
}

export function pendingDocuments(keys: ReadonlySet<string>, kept: ReadonlySet<string>): ReadonlySet<string> {
  const ids = [...keys]
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => key.slice(PREFIX.length).split(","));
  return new Set(ids.filter((id) => !kept.has(id)));
}

/** Deletes what can be deleted; the error is the first of those that came. */
async function removeAll(
  ids: readonly string[],
  keepalive: boolean,
): Promise<{ deleted: string[]; error: unknown }> {
  const waiting = [...ids];
  const deleted: string[] = [];
  let error: unknown;
  const work = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        await remove(id, keepalive);
        deleted.push(id);
      } catch (failure) {
        error ??= failure;
      }
    }
  };
  // A page that goes away has no time for one after the other.
  await Promise.all(Array.from({ length: keepalive ? ids.length : AT_ONCE }, work));
  return { deleted, error };
}

async function remove(id: string, keepalive: boolean): Promise<void> {
  try {
    await apiFetch(`${API_BASE}/documents/${encodeURIComponent(id)}`, { method: "DELETE", keepalive });
  } catch (error) {
    const isGone = error instanceof ApiError && error.code === "not_found";
    if (!isGone) throw error;
  }
}
