/** Sends chosen conversations to the API, some at once. */
import { ApiError } from "~/api/errors";
import type { Summary } from "./exportReader";
import { chunksOf, type Turn } from "./turns";

export type Outcome =
  | { readonly state: "running" }
  /** `imported` 0: all of it was there already. */
  | { readonly state: "done"; readonly imported: number; readonly skipped: number }
  | { readonly state: "failed"; readonly error: unknown };

export interface ImportRequest {
  readonly conversation_id: string;
  readonly title: string;
  readonly turns: Turn[];
}

export interface Target {
  readonly turnsOf: (id: string) => Promise<readonly Turn[]>;
  readonly send: (
    request: ImportRequest,
    signal: AbortSignal,
  ) => Promise<{ readonly imported: number; readonly skipped: number }>;
  /** Resolves after that many seconds. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
}

const TRIES = 4;
const LONGEST_WAIT = 60;

/** Most of the time goes into waiting for the server. */
const AT_ONCE = 3;

/** A conversation that fails does not stop the others, unless they would all fail. An abort rejects with the signal's reason. */
export async function importAll(
  target: Target,
  chosen: readonly Summary[],
  onOutcome: (id: string, outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...chosen];
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !both.aborted; next = waiting.shift()) {
      const { id } = next;
      onOutcome(id, { state: "running" });
      try {
        onOutcome(id, { state: "done", ...(await importOne(target, next, both)) });
      } catch (error) {
        if (both.aborted) return;
        onOutcome(id, { state: "failed", error });
        if (stopsAll(error)) stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  both.throwIfAborted();
}

/** No key, or no server: the next one would fare no better. */
const stopsAll = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === "unauthorized" || error.code === "offline");

async function importOne(
  target: Target,
  { id, title }: Summary,
  signal: AbortSignal,
): Promise<{ imported: number; skipped: number }> {
  const total = { imported: 0, skipped: 0 };
  for (const turns of chunksOf(await target.turnsOf(id))) {
    const { imported, skipped } = await patiently(target, { conversation_id: id, title, turns }, signal);
    total.imported += imported;
    total.skipped += skipped;
  }
  return total;
}

/** Sending turns again does no harm: those that are there are skipped. */
async function patiently(target: Target, request: ImportRequest, signal: AbortSignal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await target.send(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      const isWorthIt = error instanceof ApiError && error.isTransient && error.status !== 0;
      const seconds = error instanceof ApiError ? (error.retryAfter ?? 2 ** attempt) : 0;
      if (!isWorthIt || attempt >= TRIES || seconds > LONGEST_WAIT) throw error;
      await target.wait(seconds, signal);
    }
  }
}
