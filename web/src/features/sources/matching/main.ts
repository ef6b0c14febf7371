import type { TextRange } from "./charStream";

/** Ranges that are no further apart than this many pieces belong together. */
const APART = 4;

/** Where most of a passage begins: a table's header, or a heading, may stand far above the rows that were taken. */
export function mainRange(ranges: readonly TextRange[]): TextRange | undefined {
  let best: { readonly first: TextRange; readonly length: number } | undefined;
  let group: { first: TextRange; last: TextRange; length: number } | undefined;
  for (const range of ranges) {
    const length = range.end - range.start;
    if (group && range.piece - group.last.piece <= APART) {
      group = { first: group.first, last: range, length: group.length + length };
    } else {
      group = { first: range, last: range, length };
    }
    if (!best || group.length > best.length) best = group;
  }
  return best?.first;
}
