/** The last few files that were looked at, so that going from source to source fetches each of them once. */
import { fetchOriginal, type Progress } from "./fetchOriginal";

/** Files that are larger are shown when the user asks for it: they may take a while, and much memory. */
export const LARGE_BYTES = 50_000_000;
const MOST = 3;
/** A document may be replaced under the same id meanwhile. */
const STAYS_MS = 10 * 60_000;

/** The file is larger than `LARGE_BYTES`. */
export class LargeFile extends Error {
  override readonly name = "LargeFile";

  constructor(readonly bytes: number) {
    super("The file is large.");
  }
}

interface Kept {
  readonly bytes: Blob;
  readonly since: number;
}

/** Newest last. */
const kept = new Map<string, Kept>();

export interface OriginalOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly evenLarge: boolean;
}

/** Fails with an `ApiError`, an AbortError or, unless `evenLarge`, a `LargeFile`. */
export async function originalOf(documentId: string, options: OriginalOptions): Promise<Blob> {
  const known = kept.get(documentId);
  if (known && Date.now() - known.since < STAYS_MS) {
    keep(documentId, known);
    return known.bytes;
  }
  const bytes = await fetchOriginal(documentId, {
    signal: options.signal,
    onProgress: options.onProgress,
    onSize: (size) => {
      if (size > LARGE_BYTES && !options.evenLarge) throw new LargeFile(size);
    },
  });
  keep(documentId, { bytes, since: Date.now() });
  return bytes;
}

export function forgetOriginals(): void {
  kept.clear();
}

function keep(documentId: string, file: Kept): void {
  kept.delete(documentId);
  kept.set(documentId, file);
  for (const oldest of [...kept.keys()].slice(0, -MOST)) kept.delete(oldest);
}
