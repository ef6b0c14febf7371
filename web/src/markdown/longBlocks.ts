/**
 * Cuts a long list or table into parts that are parsed one by one and shown as one. Such a block may be all of an answer, and while it
 * is streamed parsing all of it again for each new word would drop frames. Pure.
 */

const LONG = 2_000;
/** A part is closed when it has so many characters. */
const PART = 800;

export interface LongBlock {
  readonly kind: "ul" | "ol" | "table";
  /** Number of an ordered list's first item. */
  readonly start: number | undefined;
  /** What each part needs before it to be understood: a table's first two lines. */
  readonly head: string;
  readonly parts: readonly string[];
}

/** `undefined` where the block is short, or is not all one list or table. */
export function splitLong(block: string): LongBlock | undefined {
  if (block.length < LONG) return undefined;
  const lines = block.replace(/^\n+/, "").split("\n");
  return splitTable(lines) ?? splitList(lines);
}

function splitTable(lines: readonly string[]): LongBlock | undefined {
  const [first = "", second = "", ...rows] = lines;
  if (!first.startsWith("|") || !/^\|[ \t:|-]*-[ \t:|-]*$/.test(second)) return undefined;
  const end = rows.findIndex((row) => !row.startsWith("|"));
  if (end !== -1 && rows.slice(end).some((row) => row.trim() !== "")) return undefined;
  const table = end === -1 ? rows : rows.slice(0, end);
  return {
    kind: "table",
    start: undefined,
    head: `${first}\n${second}\n`,
    parts: partsOf(table, () => true),
  };
}

/** A marker with its text behind it, and not so far that the text were code. */
const ITEM = /^([-+*]|\d{1,9}[.)]) {1,4}(?=\S)/;
/** The line is a paragraph's, whatever stands before it. */
const WORDS = /^ {0,3}\p{L}/u;
const RULE = /^([-*])(?:[ \t]*\1){2,}[ \t]*$/;

function splitList(lines: readonly string[]): LongBlock | undefined {
  const first = lines[0] ?? "";
  const mark = ITEM.exec(first)?.[1];
  if (!mark || RULE.test(first)) return undefined;
  const kind = /\d/.test(mark) ? "ol" : "ul";
  const isItem = (line: string): boolean => {
    const other = ITEM.exec(line)?.[1];
    return other !== undefined && other.at(-1) === mark.at(-1) && !RULE.test(line);
  };
  if (!isOneList(lines, isItem)) return undefined;
  return {
    kind,
    start: kind === "ol" ? Number.parseInt(mark, 10) : undefined,
    head: "",
    parts: partsOf(lines, isItem),
  };
}

/** Whether no line ends the list: each is an item, stands within one, or goes on with its paragraph. */
function isOneList(lines: readonly string[], isItem: (line: string) => boolean): boolean {
  let content = 0;
  let before = "";
  for (const line of lines) {
    const indent = line.search(/[^ ]/);
    const inside = line.trim() === "" || indent >= content;
    if (isItem(line)) content = ITEM.exec(line)?.[0].length ?? 0;
    else if (!inside && !(WORDS.test(line) && WORDS.test(before))) return false;
    before = isItem(line) ? line.slice(content) : line;
  }
  return true;
}

/** Lines, gathered into parts that begin where one may. */
function partsOf(lines: readonly string[], mayBegin: (line: string) => boolean): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let length = 0;
  for (const line of lines) {
    if (length >= PART && mayBegin(line)) {
      parts.push(part.join("\n"));
      part = [];
      length = 0;
    }
    part.push(line);
    length += line.length;
  }
  return part.length > 0 ? [...parts, part.join("\n")] : parts;
}
