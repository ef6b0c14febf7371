/** Search in titles: without case and accents, each word of the query anywhere in the title. Pure. */

/** A part of a text, from `start` up to `end`, in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** Accents of Latin, Greek and Cyrillic, vowel points of Arabic and Hebrew. Vowel signs of other scripts are letters: they stay. */
const MARKS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/g;
const LETTERS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ð: "d",
  ł: "l",
  ı: "i",
  þ: "th",
  ς: "σ",
};

export function fold(text: string): string {
  return [...text].map(foldCharacter).join("");
}

/** Words of a query. None: everything matches. */
export const wordsOf = (query: string): string[] => fold(query).split(/\s+/).filter(Boolean);

const folded = new WeakMap<object, string>();

/** The folded title of a listing's item, worked out once. */
export function foldedTitle(item: { readonly title: string }): string {
  const found = folded.get(item);
  if (found !== undefined) return found;
  const made = fold(item.title);
  folded.set(item, made);
  return made;
}

export const matches = (foldedText: string, words: readonly string[]): boolean =>
  words.every((word) => foldedText.includes(word));

/** Where the words stand in the text: in order, none over another. */
export function spansOf(text: string, words: readonly string[]): Span[] {
  const { letters, starts } = mapped(text);
  const hit = new Array<boolean>(letters.length).fill(false);
  for (const word of words) {
    for (let at = letters.indexOf(word); at >= 0; at = letters.indexOf(word, at + 1))
      hit.fill(true, at, at + word.length);
  }
  const spans: [number, number][] = [];
  hit.forEach((isHit, index) => {
    if (!isHit) return;
    const start = starts[index] ?? 0;
    const end = endOf(starts, index, text.length);
    const last = spans.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  });
  return spans;
}

/** The folded text, and for each of its units where the character that it comes from starts in the text. */
function mapped(text: string): { letters: string; starts: number[] } {
  const starts: number[] = [];
  let letters = "";
  let position = 0;
  for (const character of text) {
    const made = foldCharacter(character);
    for (let unit = 0; unit < made.length; unit += 1) starts.push(position);
    letters += made;
    position += character.length;
  }
  return { letters, starts };
}

/** Where the character of a folded unit ends: marks that follow it and fold to nothing belong to it. */
function endOf(starts: readonly number[], index: number, length: number): number {
  const start = starts[index];
  for (let next = index + 1; next < starts.length; next += 1) {
    const found = starts[next];
    if (found !== undefined && found !== start) return found;
  }
  return length;
}

function foldCharacter(character: string): string {
  const plain = character.normalize("NFKD").replace(MARKS, "").toLowerCase().replace(MARKS, "");
  return LETTERS[plain] ?? plain;
}
