/** What of the documents is shown, and in which order. Pure. */
import { fold, matches, wordsOf } from "../conversations/fold";
import type { DocumentView } from "./transport";

export type Order = "name" | "time";

const folded = new WeakMap<DocumentView, string>();

function foldedName(view: DocumentView): string {
  const found = folded.get(view);
  if (found !== undefined) return found;
  const made = fold(view.filename);
  folded.set(view, made);
  return made;
}

/** Those with each word of the query somewhere in their names, whatever the case and the accents. */
export function foundBy(documents: readonly DocumentView[], query: string): readonly DocumentView[] {
  const words = wordsOf(query);
  return words.length ? documents.filter((view) => matches(foldedName(view), words)) : documents;
}

/** By name as the server gives them, or what changed last first. */
export function inOrder(documents: readonly DocumentView[], order: Order): readonly DocumentView[] {
  if (order === "name") return documents;
  return [...documents].sort((a, b) =>
    a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0,
  );
}

/** The selection after a document was ticked or unticked; with `range`, all from the one before up to it follow it. */
export function withTicked(
  selected: ReadonlySet<string>,
  shown: readonly DocumentView[],
  id: string,
  ticked: boolean,
  rangeFrom: string | undefined,
): ReadonlySet<string> {
  const ids = shown.map((view) => view.document_id);
  const to = ids.indexOf(id);
  const from = rangeFrom === undefined ? to : ids.indexOf(rangeFrom);
  const range = from < 0 || to < 0 ? [id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  const next = new Set(selected);
  for (const each of range) {
    if (ticked) next.add(each);
    else next.delete(each);
  }
  return next;
}
