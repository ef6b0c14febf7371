/** What becomes of the list when files are added. Pure, but for the numbers it gives. */
import { isOver, type UploadItem } from "./uploadItems";

/** A file, with the folders that it lies in where they matter. */
export type Given = File | { readonly file: File; readonly path: string };

interface Added {
  readonly items: readonly UploadItem[];
  /** What is not in the list any more, because a file of the same name was added. */
  readonly leaving: readonly UploadItem[];
}

let lastId = 0;

/** A name stands in the list once: the later file is the one that is meant. What went well before is forgotten when all is over. */
export function withAdded(
  before: readonly UploadItem[],
  given: Iterable<Given>,
  conversationId: string | undefined,
): Added {
  const added = new Map<string, UploadItem>();
  for (const each of given) {
    const { file, path } = each instanceof File ? { file: each, path: each.name } : each;
    // As the server does, so that what one system calls the same is the same.
    const name = path.normalize("NFC");
    const item = newItem(name, file, conversationId);
    added.set(name, added.has(name) ? { ...item, replaces: "chosen" } : item);
  }
  const leaving = before.filter((item) => added.has(item.path));
  for (const earlier of leaving) {
    const later = added.get(earlier.path);
    if (later && !isOver(earlier.state))
      added.set(earlier.path, { ...later, replaces: "chosen", isNew: earlier.isNew });
  }
  const allOver = before.every(({ state }) => isOver(state));
  const kept = before.filter((item) => !added.has(item.path) && !(allOver && item.state.name === "ready"));
  return { items: [...kept, ...added.values()], leaving };
}

function newItem(path: string, file: File, conversationId: string | undefined): UploadItem {
  lastId += 1;
  return {
    id: lastId,
    path,
    size: file.size,
    file,
    documentId: undefined,
    conversationId,
    replaces: undefined,
    isNew: undefined,
    state: { name: "waiting" },
    attempts: 0,
    notBefore: 0,
  };
}
