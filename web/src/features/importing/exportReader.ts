/** Reads an export in a worker, which keeps it; the page knows what is in it, and asks for the turns of one after the other. */
import type { Notes } from "./conversation";
import { ImportProblem, PROBLEMS, type ProblemCode } from "./problem";
import type { Turn } from "./turns";

export interface Summary {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly changed: number | undefined;
  readonly turns: number;
}

export interface OpenExport {
  readonly summaries: readonly Summary[];
  readonly skipped: number;
  readonly turnsOf: (id: string) => Promise<readonly Turn[]>;
  readonly close: () => void;
}

export type ToWorker =
  | { readonly type: "read"; readonly files: readonly Blob[]; readonly notes: Notes }
  | { readonly type: "turns"; readonly id: string };

export type FromWorker =
  | { readonly type: "read"; readonly summaries: readonly Summary[]; readonly skipped: number }
  | { readonly type: "turns"; readonly turns: readonly Turn[] }
  | { readonly type: "failed"; readonly code: ProblemCode };

/** Rejects with `ImportProblem`, or with the signal's reason. */
export async function openExport(
  files: readonly Blob[],
  notes: Notes,
  signal: AbortSignal,
): Promise<OpenExport> {
  const worker = new Worker(new URL("./importWorker.ts", import.meta.url), { type: "module" });
  const close = (): void => worker.terminate();
  try {
    const read = await ask(worker, { type: "read", files, notes }, signal);
    if (read.type !== "read") throw new ImportProblem("unreadable");
    // Answers bear no number: each question waits for the answer to the one before.
    let before: Promise<unknown> = Promise.resolve();
    const turnsOf = async (id: string): Promise<readonly Turn[]> => {
      const asked = before.then(() => ask(worker, { type: "turns", id }));
      before = asked.catch(() => undefined);
      const answer = await asked;
      return answer.type === "turns" ? answer.turns : [];
    };
    return { summaries: read.summaries, skipped: read.skipped, turnsOf, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** One question at a time. */
function ask(worker: Worker, message: ToWorker, signal?: AbortSignal): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.removeEventListener("message", onMessage);
      worker.removeEventListener("error", onError);
      signal?.removeEventListener("abort", onAbort);
    };
    const onMessage = ({ data }: MessageEvent<FromWorker>): void => {
      done();
      if (data.type === "failed" && PROBLEMS.includes(data.code)) reject(new ImportProblem(data.code));
      else resolve(data);
    };
    // Out of memory, or the page is offline and cannot load it.
    const onError = (): void => {
      done();
      reject(new ImportProblem("unreadable"));
    };
    const onAbort = (): void => {
      done();
      reject(signal?.reason);
    };
    worker.addEventListener("message", onMessage);
    worker.addEventListener("error", onError);
    signal?.addEventListener("abort", onAbort);
    worker.postMessage(message);
  });
}
