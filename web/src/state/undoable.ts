/**
 * Deletes with undo. What is deleted disappears at once; the request is sent when the notice that offers to undo it goes away (its time is
 * over, or it was dismissed), or when the page does. Until then undo only means to forget about it.
 */
import { create } from "zustand";
import { showToast, useToasts } from "./toasts";

export const UNDO_MS = 8_000;

export interface Undoable {
  /** What it is about, such as `conversation:<id>`. */
  readonly key: string;
  /** What the notice says. */
  readonly text: string;
  readonly undoLabel: string;
  /** Does it. With `keepalive` the page is going away: the request has to outlive it. */
  readonly commit: (keepalive: boolean) => Promise<void>;
  readonly onUndo?: () => void;
  /** It could not be done, and is shown again. */
  readonly onFailed: (error: unknown) => void;
}

interface Waiting {
  readonly action: Undoable;
  readonly toast: number;
}

/** Keys of what waits or is being done: lists leave it out. */
const usePendingKeys = create<{ readonly keys: ReadonlySet<string> }>(() => ({ keys: new Set() }));
const waiting = new Map<string, Waiting>();

export const usePending = (): ReadonlySet<string> => usePendingKeys((state) => state.keys);

/** Does it after `UNDO_MS` (longer while somebody looks at the notice), unless it is undone. What is pending already is not begun again. */
export function doLater(action: Undoable): void {
  if (usePendingKeys.getState().keys.has(action.key)) return;
  setPending(action.key, true);
  const toast = showToast({
    kind: "info",
    text: action.text,
    stays: UNDO_MS,
    action: { label: action.undoLabel, run: () => undoNow(action.key) },
    onGone: () => void commit(action.key, false),
  });
  waiting.set(action.key, { action, toast });
}

/** Does it at once, with nothing to undo: what a page before this one had begun. */
export function doNow({ key, commit, onFailed }: Pick<Undoable, "key" | "commit" | "onFailed">): void {
  if (usePendingKeys.getState().keys.has(key)) return;
  setPending(key, true);
  commit(false)
    .catch(onFailed)
    .finally(() => setPending(key, false));
}

/** Does now all that waits: the page is going away. */
export function commitAll(): void {
  for (const key of [...waiting.keys()]) void commit(key, true);
}

function undoNow(key: string): void {
  const found = take(key);
  if (!found) return;
  setPending(key, false);
  found.action.onUndo?.();
}

async function commit(key: string, keepalive: boolean): Promise<void> {
  const found = take(key);
  if (!found) return;
  try {
    await found.action.commit(keepalive);
    setPending(key, false);
  } catch (error) {
    setPending(key, false);
    found.action.onFailed(error);
  }
}

function take(key: string): Waiting | undefined {
  const found = waiting.get(key);
  if (!found) return undefined;
  waiting.delete(key);
  useToasts.getState().dismiss(found.toast);
  return found;
}

function setPending(key: string, pending: boolean): void {
  usePendingKeys.setState(({ keys }) => {
    const next = new Set(keys);
    if (pending) next.add(key);
    else next.delete(key);
    return { keys: next };
  });
}

addEventListener("pagehide", commitAll);
