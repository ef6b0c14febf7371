/** The last few files that were looked at, so that going from source to source fetches each of them once. */
import { addressOfOriginal, fetchOriginal, type Progress } from "./fetchOriginal";

/** Files that are larger are shown when the user asks for it: they may take a while, and much memory. */
export const LARGE_BYTES = 50_000_000;
const MOST = 3;
/** Of all that are kept: memory is short on a phone. */
export const MOST_BYTES = 100_000_000;
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
let timer: ReturnType<typeof setTimeout> | undefined;

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
  const bytes = await fetchOriginal(await addressOfOriginal(documentId, options.signal), {
    signal: options.signal,
    onProgress: options.onProgress,
    onSize: (size) => {
      if (size > LARGE_BYTES && !options.evenLarge) throw new LargeFile(size);
    },
  });
  keep(documentId, { bytes, since: Date.now() });
  return bytes;
}

/** How many files are kept, for tests of what nobody sees. */
export const keptOriginals = (): number => kept.size;

export function forgetOriginals(): void {
  kept.clear();
  clearTimeout(timer);
}

function keep(documentId: string, file: Kept): void {
  kept.delete(documentId);
  if (file.bytes.size > LARGE_BYTES) return;
  kept.set(documentId, file);
  for (const oldest of [...kept.keys()].slice(0, -MOST)) kept.delete(oldest);
  while (sizeOfAll() > MOST_BYTES) kept.delete([...kept.keys()][0] ?? "");
  dropInTime();
}

const sizeOfAll = (): number => [...kept.values()].reduce((sum, { bytes }) => sum + bytes.size, 0);

/** Nobody may ask for them again, and the memory is to be free all the same. */
function dropInTime(): void {
  clearTimeout(timer);
  const oldest = Math.min(...[...kept.values()].map(({ since }) => since));
  if (kept.size > 0) timer = setTimeout(dropOld, oldest + STAYS_MS - Date.now());
}

function dropOld(): void {
  for (const [id, { since }] of kept) if (Date.now() - since >= STAYS_MS) kept.delete(id);
  dropInTime();
}
