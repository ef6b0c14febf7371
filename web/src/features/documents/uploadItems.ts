/** What is known of each file that was given to be uploaded. Pure. */
import { ApiError } from "~/api/errors";
import type { DocumentView } from "./transport";

export type UploadState =
  | { readonly name: "waiting" }
  | { readonly name: "uploading"; readonly sent: number }
  /** `progress` from 0 to 1; `undefined`: its turn has not come. */
  | { readonly name: "processing"; readonly progress: number | undefined }
  | { readonly name: "ready" }
  /** `stage` says what trying again means: the bytes again, or the reading of those that are there. */
  | { readonly name: "failed"; readonly stage: "upload" | "reading"; readonly error: ApiError }
  | { readonly name: "cancelled" };

export interface UploadItem {
  readonly id: number;
  /** The name that the document gets, with folders. */
  readonly path: string;
  readonly size: number;
  /** Kept until the document is ready, so that nothing must be chosen twice. */
  readonly file: File | undefined;
  readonly documentId: string | undefined;
  /** The conversation that it was attached to. */
  readonly conversationId: string | undefined;
  /** What it takes the place of: a document, or a file chosen before under the same name. */
  readonly replaces: "document" | "chosen" | undefined;
  /** Whether there was no document of this name before it was announced first; `undefined`: not known (yet). */
  readonly isNew: boolean | undefined;
  readonly state: UploadState;
  /** Attempts that failed since it was given or retried. */
  readonly attempts: number;
  /** Epoch milliseconds before which it is not tried again. */
  readonly notBefore: number;
}

/** Why nothing is being sent though files wait. `until`: epoch milliseconds when it goes on by itself. */
export interface Hold {
  readonly reason: "offline" | "throttled" | "unauthorized";
  readonly until: number | undefined;
}

export type Counts = Readonly<Record<UploadState["name"], number>>;

export function countsOf(items: readonly UploadItem[]): Counts {
  const counts = { waiting: 0, uploading: 0, processing: 0, ready: 0, failed: 0, cancelled: 0 };
  for (const { state } of items) counts[state.name] += 1;
  return counts;
}

/** Whether nothing more comes of it by itself. */
export const isOver = ({ name }: UploadState): boolean =>
  name === "ready" || name === "failed" || name === "cancelled";

/** Whether bytes would be lost if the page went away. */
export const isSending = (counts: Counts): boolean => counts.waiting + counts.uploading > 0;

export const isBusy = (counts: Counts): boolean => isSending(counts) || counts.processing > 0;

/** How far a file has come, 0 to 1. Sending and reading count alike, for which of the two takes longer cannot be told. */
export function progressOf({ state, size }: Pick<UploadItem, "state" | "size">): number {
  switch (state.name) {
    case "uploading":
      return size ? Math.min(1, state.sent / size) / 2 : 0;
    case "processing":
      return 0.5 + (state.progress ?? 0) / 2;
    case "ready":
      return 1;
    default:
      return 0;
  }
}

/** How far all that is wanted has come; what failed or was cancelled is not waited for. */
export function overallProgress(items: readonly UploadItem[]): number {
  const wanted = items.filter(({ state }) => state.name !== "failed" && state.name !== "cancelled");
  return wanted.length ? wanted.reduce((sum, item) => sum + progressOf(item), 0) / wanted.length : 1;
}

/** What the server says about a document, as a state. */
export function stateOfView({ status, progress, error }: DocumentView): UploadState {
  if (status === "ready") return { name: "ready" };
  if (status === "failed")
    return { name: "failed", stage: "reading", error: new ApiError(422, "reading_failed", error ?? "") };
  return { name: "processing", progress: status === "processing" ? (progress ?? 0) : undefined };
}

export type Verdict =
  | { readonly kind: "fail" }
  /** All wait: for the connection, for the server to have time, for a key. */
  | { readonly kind: "hold"; readonly reason: Hold["reason"]; readonly counts: boolean }
  /** This file is tried again, after so many seconds. */
  | { readonly kind: "again"; readonly seconds: number };

/** So often a file is tried where each time something went wrong with itself. */
export const MOST_ATTEMPTS = 4;

/** Nothing that passes by itself. */
const LASTING = new Set(["store_full", "file_unreadable", "unreadable"]);

/** What to do about a file that could not be sent. `attempts` are those that failed before. */
export function verdictOn(error: ApiError, stage: "announce" | "send", attempts: number): Verdict {
  const isLast = attempts + 1 >= MOST_ATTEMPTS;
  if (LASTING.has(error.code)) return { kind: "fail" };
  if (error.code === "unauthorized") return { kind: "hold", reason: "unauthorized", counts: false };
  if (error.status === 429) return { kind: "hold", reason: "throttled", counts: false };
  if (error.status === 0) {
    // The server took the announcement: if it is always the sending that breaks, more patience does not help.
    if (stage === "send" && isLast) return { kind: "fail" };
    return { kind: "hold", reason: "offline", counts: stage === "send" };
  }
  // A document of this name is still being deleted; the signed address has expired; the server has a moment of weakness.
  const mayPass = error.status === 409 || error.code === "upload_refused" || error.status >= 500;
  if (!mayPass || isLast) return { kind: "fail" };
  return { kind: "again", seconds: error.retryAfter ?? 2 ** (attempts + 1) };
}
