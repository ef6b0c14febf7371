/**
 * Finds a passage among pieces of text that hold it in another shape: another order (columns, tables), words cut in two, words left out.
 * Long stretches that both have in common come first, then the words between them.
 */
import { type CharStream, rangesOf, type TextRange } from "./charStream";

export type { TextRange };

export interface Alignment {
  /** In the order of the pieces. */
  readonly ranges: readonly TextRange[];
  /** The share of the passage's letters and digits that was found, 0 to 1. */
  readonly coverage: number;
  /** What was not found before the first and after the last place that was. */
  readonly before: string;
  readonly after: string;
  /** For each character of the passage's stream its place in that of the pieces, or -1. */
  readonly placeOf: Int32Array;
}

/** The range with the punctuation that belongs to it: what opens before it, what ends after it. */
export function widened(range: TextRange, text: string): TextRange {
  const opening = /[\p{Ps}\p{Pi}"']*$/u.exec(text.slice(0, range.start))?.[0] ?? "";
  const ending = /^[^\s\p{L}\p{N}\p{Ps}\p{Pi}|]*/u.exec(text.slice(range.end))?.[0] ?? "";
  return { ...range, start: range.start - opening.length, end: range.end + ending.length };
}

/** Stretches both have in common are at least so long, in a passage that is long enough. */
const LONG = 16;
const SHORT = 4;
/**
 * Where less than this share of a passage is found in long stretches, its words are looked for one by one (the cells of a table), which
 * says something only if more than the other share of it is found.
 */
const ENOUGH = 0.5;
const ENOUGH_WORDS = 0.75;
const RIGHT_TO_LEFT = /[\u0590-\u08ff]{2}/;
/** So many places of one stretch are looked at; more are a pattern that says nothing about the place. */
const MOST_PLACES = 64;
/** A word alone is looked for no further than this from what stands beside it in the passage. */
const NEAR = 80;
/** What lies between two found stretches and is no longer than this was read differently, and belongs to them. */
const GAP = 12;

/** `text` is the one piece that `wanted` was made of. */
export function alignStreams(wanted: CharStream, page: CharStream, text: string): Alignment {
  // Files hold the words of these in any order, and programs that read them put them into another.
  const isUnordered = RIGHT_TO_LEFT.test(wanted.chars);
  const found = attempt(wanted, page, text, isUnordered ? SHORT : LONG);
  if (found.coverage >= ENOUGH) return found;
  const words = attempt(wanted, page, text, SHORT);
  return words.coverage >= ENOUGH_WORDS ? words : found;
}

function attempt(wanted: CharStream, page: CharStream, text: string, least: number): Alignment {
  /** For each character of the passage its place on the page, or -1. */
  const placeOf = new Int32Array(wanted.chars.length).fill(-1);
  const taken = new Uint8Array(page.chars.length);
  takeStretches({ wanted, page, placeOf, taken }, least);
  takeWords(wanted, page, placeOf, taken);
  fillGaps(placeOf, taken);
  return alignmentOf(wanted, page, placeOf, taken, text);
}

interface State {
  readonly wanted: CharStream;
  readonly page: CharStream;
  readonly placeOf: Int32Array;
  readonly taken: Uint8Array;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

function takeStretches({ wanted, page, placeOf, taken }: State, usual: number): void {
  const { length } = wanted.chars;
  const least = Math.min(length, Math.max(SHORT, Math.min(usual, Math.ceil(length / 2))));
  if (least === 0) return;
  const found = commonStretches(wanted.chars, page.chars, least);
  found.sort((a, b) => b.length - a.length || a.from - b.from || a.to - b.to);
  for (const stretch of found) {
    for (const free of freeParts(stretch, placeOf, taken)) {
      const whole = wholeWords(free, wanted, page);
      if (whole.length >= least) take(whole, placeOf, taken);
    }
  }
}

/** Every stretch of `least` or more characters that both have in common and that cannot be made longer. */
function commonStretches(wanted: string, page: string, least: number): Stretch[] {
  const places = placesOf(page, least);
  const found: Stretch[] = [];
  for (let from = 0; from + least <= wanted.length; from++) {
    for (const to of places.get(wanted.slice(from, from + least)) ?? []) {
      if (from > 0 && to > 0 && wanted[from - 1] === page[to - 1]) continue;
      found.push({ from, to, length: commonLength(wanted, from, page, to, least) });
    }
  }
  return found;
}

/** Where the stretches of this length begin. */
function placesOf(page: string, length: number): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (let at = 0; at + length <= page.length; at++) {
    const stretch = page.slice(at, at + length);
    const known = places.get(stretch);
    if (!known) places.set(stretch, [at]);
    else if (known.length < MOST_PLACES) known.push(at);
  }
  return places;
}

/** How long both go on alike; `length` of it is known. */
function commonLength(wanted: string, from: number, page: string, to: number, length: number): number {
  let common = length;
  while (from + common < wanted.length && wanted[from + common] === page[to + common]) common++;
  return common;
}

/** What is left of a stretch when what has its place already is taken away. */
function freeParts(stretch: Stretch, placeOf: Int32Array, taken: Uint8Array): Stretch[] {
  const parts: Stretch[] = [];
  let begin = 0;
  for (let at = 0; at <= stretch.length; at++) {
    const isFree = at < stretch.length && placeOf[stretch.from + at] === -1 && taken[stretch.to + at] === 0;
    if (isFree) continue;
    if (at > begin) parts.push({ from: stretch.from + begin, to: stretch.to + begin, length: at - begin });
    begin = at + 1;
  }
  return parts;
}

/** Without half words at the ends, which are the same by chance. */
function wholeWords({ from, to, length }: Stretch, wanted: CharStream, page: CharStream): Stretch {
  const isBorder = (at: number): boolean =>
    wanted.wordStart[from + at] === 1 && page.wordStart[to + at] === 1;
  let first = 0;
  let last = length;
  while (first < last && !isBorder(first)) first++;
  while (last > first && !isBorder(last)) last--;
  return { from: from + first, to: to + first, length: last - first };
}

function take({ from, to, length }: Stretch, placeOf: Int32Array, taken: Uint8Array): void {
  for (let at = 0; at < length; at++) {
    placeOf[from + at] = to + at;
    taken[to + at] = 1;
  }
}

/** Words of the passage that are still missing, at the free place that is nearest to that of the words beside them. */
function takeWords(wanted: CharStream, page: CharStream, placeOf: Int32Array, taken: Uint8Array): void {
  const places = new Map<string, number[]>();
  for (const word of wordsOf(page)) {
    const known = places.get(word.text);
    if (known) known.push(word.at);
    else places.set(word.text, [word.at]);
  }
  for (const { at, text } of wordsOf(wanted)) {
    if (placeOf[at] !== -1) continue;
    const beside = neighbours(at, text.length, placeOf);
    const distance = (place: number): number => Math.min(...beside.map((each) => Math.abs(each - place)));
    const free = (places.get(text) ?? []).filter((place) => isFree(taken, place, text.length));
    const best = free.reduce<number | undefined>(
      (least, place) => (least === undefined || distance(place) < distance(least) ? place : least),
      undefined,
    );
    if (best === undefined || distance(best) > NEAR) continue;
    take({ from: at, to: best, length: text.length }, placeOf, taken);
  }
}

function* wordsOf(stream: CharStream): Generator<{ readonly at: number; readonly text: string }> {
  let at = 0;
  for (let end = 1; end <= stream.chars.length; end++) {
    if (stream.wordStart[end] !== 1) continue;
    yield { at, text: stream.chars.slice(at, end) };
    at = end;
  }
}

/** The places where a word is expected by what stands before and after it in the passage. */
function neighbours(at: number, length: number, placeOf: Int32Array): number[] {
  const expected: number[] = [];
  let before = at - 1;
  while (before >= 0 && placeOf[before] === -1) before--;
  if (before >= 0) expected.push((placeOf[before] ?? 0) + 1);
  let after = at + length;
  while (after < placeOf.length && placeOf[after] === -1) after++;
  if (after < placeOf.length) expected.push((placeOf[after] ?? 0) - length);
  return expected;
}

function isFree(taken: Uint8Array, place: number, length: number): boolean {
  return !taken.subarray(place, place + length).includes(1);
}

/** Takes what lies between two found places, where the passage has as little between them as the page. */
function fillGaps(placeOf: Int32Array, taken: Uint8Array): void {
  let last = -1;
  for (let at = 0; at < placeOf.length; at++) {
    const place = placeOf[at] ?? -1;
    if (place === -1) continue;
    const before = last === -1 ? -1 : (placeOf[last] ?? -1);
    if (before !== -1 && at - last <= GAP && place > before && place - before <= GAP) {
      taken.fill(1, before + 1, place);
    }
    last = at;
  }
}

function alignmentOf(
  wanted: CharStream,
  page: CharStream,
  placeOf: Int32Array,
  taken: Uint8Array,
  text: string,
): Alignment {
  const found = placeOf.reduce((count, place) => count + (place === -1 ? 0 : 1), 0);
  const first = placeOf.findIndex((place) => place !== -1);
  const last = placeOf.findLastIndex((place) => place !== -1);
  return {
    ranges: rangesOf(page, taken),
    coverage: placeOf.length === 0 ? 0 : found / placeOf.length,
    before: first === -1 ? text : text.slice(0, wanted.start[first]),
    after: last === -1 ? "" : text.slice(wanted.end[last]),
    placeOf,
  };
}
