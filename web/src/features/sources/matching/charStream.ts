/**
 * Text as a stream of what is read of it: letters and digits, in lower case, without accents. What two programs that read the same page
 * see differently (blanks, hyphens at the ends of lines, ligatures, bullets, separators of cells) is not in it.
 */

export interface CharStream {
  readonly chars: string;
  /** For each character: which of the pieces it came from, and where in it the code point begins and ends. */
  readonly piece: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** 1 where a word begins, one longer than `chars`: the end counts as a beginning. */
  readonly wordStart: Uint8Array;
  /** The lengths of the pieces. */
  readonly lengths: readonly number[];
}

/** Part of a piece: `start` and `end` are offsets in its text. */
export interface TextRange {
  readonly piece: number;
  readonly start: number;
  readonly end: number;
}

/**
 * What the characters stand for whose places are marked with 1, in the order of the pieces. What lies between two of them that follow
 * each other (blanks, symbols) is part of it, whole pieces of it too.
 */
export function rangesOf(stream: CharStream, marks: Uint8Array): TextRange[] {
  const ranges: TextRange[] = [];
  for (let at = 0; at < marks.length; at++) {
    if (marks[at] !== 1) continue;
    const range = { piece: stream.piece[at] ?? 0, start: stream.start[at] ?? 0, end: stream.end[at] ?? 0 };
    const last = ranges.at(-1);
    if (last && marks[at - 1] === 1) ranges.push(...joined(stream, last, range, () => ranges.pop()));
    else ranges.push(range);
  }
  return ranges;
}

/** What stands from one place to another. */
export function rangesAt(stream: CharStream, from: number, to: number): TextRange[] {
  return rangesOf(stream, new Uint8Array(stream.chars.length).fill(1, from, to));
}

/** Both and what lies between. `replace` takes the one before away. */
function joined(stream: CharStream, last: TextRange, next: TextRange, replace: () => void): TextRange[] {
  replace();
  if (last.piece === next.piece) return [{ ...last, end: next.end }];
  const parts: TextRange[] = [{ ...last, end: stream.lengths[last.piece] ?? last.end }];
  for (let piece = last.piece + 1; piece < next.piece; piece++) {
    const end = stream.lengths[piece] ?? 0;
    if (end > 0) parts.push({ piece, start: 0, end });
  }
  return [...parts, { ...next, start: 0 }];
}

const READ = /[\p{L}\p{N}]/u;
/** Scripts that put no blanks between words: each of their characters may begin one. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const cache = new Map<string, Read>();
/** All of one writing system, and few enough to forget about. */
const MOST_CACHED = 20_000;

export function charStream(pieces: readonly string[]): CharStream {
  const stream = new Builder();
  for (const [number, text] of pieces.entries()) stream.add(text, number);
  return stream.build();
}

class Builder {
  readonly #chars: string[] = [];
  readonly #piece: number[] = [];
  readonly #start: number[] = [];
  readonly #end: number[] = [];
  readonly #wordStart: number[] = [];
  readonly #lengths: number[] = [];

  add(text: string, number: number): void {
    this.#lengths.push(text.length);
    let beginsWord = true;
    let at = 0;
    for (const character of text) {
      const { read, kind } = readOf(character);
      const end = at + character.length;
      // One character may be read as several, such as a ligature.
      for (let index = 0; index < read.length; index++) {
        this.#chars.push(read.charAt(index));
        this.#piece.push(number);
        this.#start.push(at);
        this.#end.push(end);
        this.#wordStart.push(kind === "unspaced" || (beginsWord && index === 0) ? 1 : 0);
      }
      if (kind === "gap") beginsWord = true;
      else if (read) beginsWord = false;
      at = end;
    }
  }

  build(): CharStream {
    return {
      chars: this.#chars.join(""),
      piece: Int32Array.from(this.#piece),
      start: Int32Array.from(this.#start),
      end: Int32Array.from(this.#end),
      wordStart: Uint8Array.from([...this.#wordStart, 1]),
      lengths: this.#lengths,
    };
  }
}

interface Read {
  readonly read: string;
  /** A mark above a letter is no gap between letters. */
  readonly kind: "letter" | "unspaced" | "mark" | "gap";
}

function readOf(character: string): Read {
  const known = cache.get(character);
  if (known) return known;
  const plain = character.normalize("NFKD").toLowerCase();
  const read = [...plain].filter((each) => READ.test(each)).join("");
  const found: Read = { read, kind: kindOf(character, read) };
  if (cache.size >= MOST_CACHED) cache.clear();
  cache.set(character, found);
  return found;
}

function kindOf(character: string, read: string): Read["kind"] {
  if (!read) return /\p{M}/u.test(character) ? "mark" : "gap";
  return UNSPACED.test(character) ? "unspaced" : "letter";
}
