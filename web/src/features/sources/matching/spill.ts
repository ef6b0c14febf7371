/** The end of a passage that stands on the next page. */
import type { CharStream } from "./charStream";

export interface Spill {
  /** Where in the passage's stream it begins. */
  readonly from: number;
  /** Where it stands in the stream of the next page. */
  readonly at: number;
  readonly length: number;
}

/** It stands near the top of the page, below a running title at most: within so many characters. */
const TOP = 300;
/** Less is the same by chance, */
const LEAST = 12;
/** except where the page begins with it. */
const LEAST_AT_TOP = 4;

/** The longest end of the passage that the next page begins with. */
export function spillOf(wanted: CharStream, next: CharStream): Spill | undefined {
  let longest: Spill | undefined;
  for (let at = 0; at < Math.min(TOP, next.chars.length); at++) {
    if (next.wordStart[at] !== 1) continue;
    const least = at === 0 ? LEAST_AT_TOP : LEAST;
    const seed = next.chars.slice(at, at + least);
    const from = seed.length < least ? -1 : wanted.chars.lastIndexOf(seed);
    if (from <= 0 || wanted.wordStart[from] !== 1) continue;
    const length = wanted.chars.length - from;
    const isEnd = next.chars.startsWith(wanted.chars.slice(from), at);
    if (isEnd && length > (longest?.length ?? 0)) longest = { from, at, length };
  }
  return longest;
}
