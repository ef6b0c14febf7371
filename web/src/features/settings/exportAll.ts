/** All conversations as one zip file, put together in the browser. */
import { Zip, ZipDeflate } from "fflate";
import type { Schemas } from "~/api/client";
import { ApiError } from "~/api/errors";
import { fileName } from "~/ui/saveFile";

export type ExportFormat = "json" | "markdown";
type Header = Schemas["ConversationHeader"];

/** Where conversations come from. */
export interface ConversationSource {
  readonly list: (
    cursor: string | undefined,
    signal: AbortSignal,
  ) => Promise<{ readonly conversations: readonly Header[]; readonly cursor: string | undefined }>;
  readonly read: (id: string, format: ExportFormat, signal: AbortSignal) => Promise<Uint8Array>;
  /** Resolves after that many seconds. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>;
}

export interface ExportProgress {
  readonly done: number;
  /** `undefined` while they are being counted. */
  readonly total: number | undefined;
}

export interface Exported {
  readonly file: Blob;
  readonly count: number;
  /** Those that could not be read. What was deleted meanwhile is not among them. */
  readonly failed: readonly { readonly title: string; readonly error: unknown }[];
}

const ENDINGS = { json: "json", markdown: "md" } as const;
const AT_ONCE = 3;
const TRIES = 4;

/** Reads them all; an abort rejects with its AbortError. A conversation that fails for good does not stop the others. */
export async function exportAll(
  source: ConversationSource,
  format: ExportFormat,
  onProgress: (progress: ExportProgress) => void,
  signal: AbortSignal,
): Promise<Exported> {
  onProgress({ done: 0, total: undefined });
  const waiting = await listAll(source, signal);
  const total = waiting.length;
  const archive = new Archive();
  const failed: { title: string; error: unknown }[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const header = next;
      try {
        const content = await patiently(source, signal, () =>
          source.read(header.conversation_id, format, signal),
        );
        archive.add(nameOf(header, format), content);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ApiError && error.status === 404)) failed.push({ title: header.title, error });
      }
      done += 1;
      onProgress({ done, total });
    }
  };
  onProgress({ done, total });
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { file: archive.finish(), count: archive.count, failed };
}

async function listAll(source: ConversationSource, signal: AbortSignal): Promise<Header[]> {
  const found = new Map<string, Header>();
  let cursor: string | undefined;
  do {
    const from = cursor;
    const page = await patiently(source, signal, () => source.list(from, signal));
    for (const header of page.conversations) found.set(header.conversation_id, header);
    cursor = page.cursor;
  } while (cursor);
  return [...found.values()];
}

/** Asks again, after the time that the server names, where that may help. */
async function patiently<T>(
  source: ConversationSource,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError && error.isTransient) || attempt === TRIES) throw error;
      await source.wait(error.retryAfter ?? attempt, signal);
    }
  }
}

const nameOf = ({ title, updated_at }: Header, format: ExportFormat): string =>
  fileName(`${updated_at.slice(0, 10)} ${title}`, ENDINGS[format]);

/** A zip file that grows. Without fflate's workers, which are made of blobs that the content security policy refuses. */
class Archive {
  count = 0;
  readonly #pieces: Uint8Array<ArrayBuffer>[] = [];
  readonly #names = new Set<string>();
  readonly #zip = new Zip((error, piece) => {
    if (error) throw error;
    this.#pieces.push(new Uint8Array(piece));
  });

  add(name: string, content: Uint8Array): void {
    const entry = new ZipDeflate(this.#free(name), { level: 6 });
    this.#zip.add(entry);
    entry.push(content, true);
    this.count += 1;
  }

  finish(): Blob {
    this.#zip.end();
    return new Blob(this.#pieces, { type: "application/zip" });
  }

  /** Two conversations may have one title; file systems do not tell "a" from "A". */
  #free(name: string): string {
    const dot = name.lastIndexOf(".");
    let free = name;
    for (let n = 2; this.#names.has(free.toLowerCase()); n += 1) {
      free = `${name.slice(0, dot)} (${n})${name.slice(dot)}`;
    }
    this.#names.add(free.toLowerCase());
    return free;
  }
}
