/**
 * What no text that is meant to be read has. Parsing it would take seconds or overflow the stack: time grows with the square of what is
 * open at once. Such a block is shown as it was written. Pure, and linear in the length of the text.
 */

const MOST_CHARACTERS = 200_000;
const MOST_CONTAINERS = 40;
const MOST_OPEN_BRACKETS = 60;
const MOST_MARKS = 1_500;
const MOST_CELLS = 120;
const MOST_BRACKETS = 2_000;
const MOST_LINES = 5_000;
const MOST_ROWS = 2_000;
/** Runs of dollars or ticks longer than anybody writes, each of which is looked for to the end of the text. */
const MOST_LONG_RUNS = 10;
/** Columns of indentation; each level of a nested list takes two or more. */
const MOST_INDENT = 160;

export function isTooComplex(block: string): boolean {
  if (block.length > MOST_CHARACTERS || (block.match(/[$`]{7,}/g)?.length ?? 0) > MOST_LONG_RUNS) return true;
  const total = { lines: 0, rows: 0, brackets: 0 };
  let marks = 0;
  let open = 0;
  for (const line of withoutCode(block.split("\n"))) {
    if (/^[\s>]*(?:$|[-+*]\s|\d{1,9}[.)]\s|\|)/.test(line)) {
      marks = 0;
      open = 0;
    }
    const found = countMarks(line, open);
    marks += found.marks;
    open = found.open;
    total.lines += 1;
    total.rows += found.cells > 0 ? 1 : 0;
    total.brackets += found.brackets;
    if (marks > MOST_MARKS || exceeds(total) || isDeep(found) || hasDeepContainers(line)) return true;
  }
  return false;
}

const exceeds = ({
  lines,
  rows,
  brackets,
}: Readonly<Record<"lines" | "rows" | "brackets", number>>): boolean =>
  lines > MOST_LINES || rows > MOST_ROWS || brackets > MOST_BRACKETS;

const isDeep = ({ deepest, cells }: Count): boolean => deepest > MOST_OPEN_BRACKETS || cells > MOST_CELLS;

/** Code is not parsed: lines between fences that are indented as the fences are. */
function* withoutCode(lines: readonly string[]): Generator<string> {
  let fence: { readonly run: string; readonly indent: number } | undefined;
  for (const line of lines) {
    const indent = line.length - line.trimStart().length;
    if (fence && line.trim() !== "" && indent < fence.indent && fence.indent > 3) fence = undefined;
    const run = /^\s*(`{3,}(?!.*`)|~{3,})/.exec(line)?.[1];
    if (fence) {
      if (run?.startsWith(fence.run) && line.trim() === run) fence = undefined;
      continue;
    }
    if (run) fence = { run, indent };
    yield line;
  }
}

/** Quotes, bullets and numbers that a line begins with. */
function hasDeepContainers(line: string): boolean {
  let containers = 0;
  let indent = 0;
  const markers = /[ \t]*(?:>|[-+*](?=[ \t]|$)|\d{1,9}[.)](?=[ \t]|$))/y;
  while (markers.test(line)) {
    containers += 1;
    if (containers > MOST_CONTAINERS) return true;
  }
  while (line.charAt(indent) === " " || line.charAt(indent) === "\t") indent += 1;
  return indent > MOST_INDENT && /[-+*>\d]/.test(line.charAt(indent));
}

interface Count {
  /** Runs of characters that open and close emphasis and the like. */
  readonly marks: number;
  readonly brackets: number;
  readonly open: number;
  readonly deepest: number;
  readonly cells: number;
}

function countMarks(line: string, openBefore: number): Count {
  const count = { marks: 0, brackets: 0, open: openBefore, deepest: openBefore, cells: 0 };
  let parens = 0;
  for (const [mark] of line.matchAll(/[[\]()|]|\*+|_+|~+|`+|\$+/g)) {
    if (mark === "[") {
      count.brackets += 1;
      count.open += 1;
    } else if (mark === "]") count.open = Math.max(0, count.open - 1);
    else if (mark === "(") parens += 1;
    else if (mark === ")") parens = Math.max(0, parens - 1);
    else if (mark === "|") count.cells += 1;
    else count.marks += 1;
    count.deepest = Math.max(count.deepest, count.open, parens);
  }
  return count;
}
