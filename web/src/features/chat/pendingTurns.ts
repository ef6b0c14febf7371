/**
 * Turns that were asked for and are not known to be answered, kept in this browser: after a reload or a crash the page asks again
 * with the same Idempotency-Key, and the server gives the one answer. A lock tells whether another tab is at it already.
 */
import { onStoredElsewhere, readStored, store, storedKeys } from "~/state/storage";
import type { Asked } from "./turn";

/** What the server definitely refused or failed a turn with: it is shown again after a reload, and not asked by itself. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId?: string | undefined;
}

export interface Pending extends Asked {
  readonly refusal?: Refusal | undefined;
}

const KEY = "turn.";
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

export function keep(pending: Pending): void {
  const { key, conversationId, begins, kind, body, override, askedAt, messageId, mayBeAnswered, refusal } =
    pending;
  const asked = { key, conversationId, begins, kind, body, override, askedAt, messageId, mayBeAnswered };
  store(KEY + key, { ...asked, refusal });
}

export const forget = (key: string): void => {
  store(KEY + key, undefined);
};

export const keptTurn = (key: string): Pending | undefined => {
  const found = readStored(KEY + key);
  return isPending(found) && found.key === key ? found : undefined;
};

/** All that is kept, the oldest first. */
export function keptTurns(): Pending[] {
  return storedKeys(KEY)
    .flatMap((key) => keptTurn(key.slice(KEY.length)) ?? [])
    .sort((one, other) => one.askedAt - other.askedAt);
}

/** Calls the listener with the key of each turn that another tab keeps, changes or forgets. */
export const onKeptElsewhere = (listener: (key: string) => void): (() => void) =>
  onStoredElsewhere((stored) => stored.startsWith(KEY) && listener(stored.slice(KEY.length)));

const lockOf = (key: string): string => `chatbot.${KEY}${key}`;
/** Absent where the page came over plain HTTP; then the server's Idempotency-Key alone keeps turns from being doubled. */
const locks = (): LockManager | undefined => navigator.locks;

/** Runs the work unless another tab is at this turn. Returns whether it ran, once it has ended. */
export async function ifFree(key: string, work: () => Promise<void>): Promise<boolean> {
  const manager = locks();
  if (!manager) {
    await work();
    return true;
  }
  return manager.request(lockOf(key), { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return lock !== null;
  });
}

/** Runs the work once no other tab is at this turn any more, or is gone. */
export async function whenFree(key: string, work: () => Promise<void>): Promise<void> {
  await locks()?.request(lockOf(key), work);
}

function isPending(value: unknown): value is Pending {
  if (!isObject(value) || !isObject(value.body)) return false;
  const { key, conversationId, begins, kind, askedAt, messageId, refusal } = value;
  const isKind = kind === "ask" || kind === "edit" || kind === "regenerate";
  const isRefusal = refusal === undefined || (isObject(refusal) && typeof refusal.code === "string");
  return (
    typeof key === "string" &&
    typeof conversationId === "string" &&
    typeof begins === "boolean" &&
    typeof askedAt === "number" &&
    typeof value.body.message === "string" &&
    (messageId === undefined || typeof messageId === "string") &&
    isKind &&
    isRefusal
  );
}
