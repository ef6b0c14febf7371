/**
 * The end of a text that is still being written, made to look as it will when it is complete: what is open is closed, what cannot be
 * told yet is left out. Pure; never used on a finished text.
 */

import { splitLong } from "./longBlocks";

/** What may stand before the text of a line. */
const CONTAINERS = /^(?:[ \t>]+|(?:[-+*]|\d{1,9}[.)]|#{1,6})(?=[ \t]))*/;
const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,}|\${2,})/;

export function completeTail(block: string): string {
  return completed(paced(block));
}

/** Characters from which on a single block takes so long to parse that not every new word is worth it. */
const LONG = 3_000;

/** A long block without what came since its last step. The steps are longer the longer it is. */
function paced(block: string): string {
  if (block.length < LONG || splitLong(block)) return block;
  const step = 16 * Math.floor(block.length / LONG);
  const end = block.length - (block.length % step);
  // Never half a character.
  return /[\ud800-\udbff]/.test(block.charAt(end - 1)) ? block.slice(0, end - 1) : block.slice(0, end);
}

function completed(block: string): string {
  const lines = block.split("\n");
  const last = lines.pop() ?? "";
  const before = lines.join("\n");
  const join = (line: string): string => (lines.length > 0 ? `${before}\n${line}` : line);
  const fence = openFence(lines);
  if (fence) return isBeginOf(last, fence) ? before : block;
  if (OPEN_FENCE.test(last)) return block;
  const table = completeTable(lines, last);
  if (table !== undefined) return table;
  const isMark = /^\s*(?:[`~$]{1,2}|[-=+*_#|]{1,2}|<)$/.test(last);
  return isMark ? before : join(completeInline(last));
}

/** The fence that is open after the lines, in whatever list it stands. */
function openFence(lines: readonly string[]): string | undefined {
  let open: string | undefined;
  for (const line of lines) {
    const bare = line.replace(CONTAINERS, "");
    const run = /^(`{3,}|~{3,}|\${2,})/.exec(bare)?.[1];
    if (!run) continue;
    if (!open) open = bare.slice(run.length).includes(run.charAt(0)) ? undefined : run;
    else if (run.startsWith(open) && bare.trim() === run) open = undefined;
  }
  return open;
}

function isBeginOf(line: string, fence: string): boolean {
  const run = line.trim();
  return run !== "" && run.length < fence.length && fence.startsWith(run);
}

/** A table shows from its first line on, though only its second line makes it one. */
function completeTable(lines: readonly string[], last: string): string | undefined {
  const isRow = (line: string | undefined): line is string => line?.trimStart().startsWith("|") ?? false;
  const above = lines.at(-1);
  if (last === "" && isRow(above) && !isRow(lines.at(-2))) return [...lines, ruleOf(above)].join("\n");
  if (!isRow(last)) return undefined;
  if (!isRow(above)) {
    return cellCount(last) > 0 ? [...lines, completeInline(last), ruleOf(last)].join("\n") : lines.join("\n");
  }
  const isFirstRule = !isRow(lines.at(-2)) && /^[\s|:-]*$/.test(last);
  if (isFirstRule) return [...lines, ruleOf(above)].join("\n");
  return undefined;
}

/** The second line of a table with this first one. */
const ruleOf = (row: string): string => `|${" - |".repeat(cellCount(row))}`;

function cellCount(row: string): number {
  const bare = row.trim().replace(/\\\|/g, "").slice(1);
  const cells = bare.split("|");
  return cells.at(-1)?.trim() === "" ? cells.length - 1 : cells.length;
}

function completeInline(line: string): string {
  const lead = CONTAINERS.exec(line)?.[0] ?? "";
  const cell = line.trimStart().startsWith("|")
    ? Math.max(lead.length, line.lastIndexOf("|") + 1)
    : lead.length;
  return line.slice(0, cell) + closeMarks(withoutOpenLink(line.slice(cell)));
}

/** `[text](addr` shows as its text, `![alt](addr` and `[1` not at all. */
function withoutOpenLink(text: string): string {
  const open = /(!?)\[([^[\]]*)(?:\](?:\([^()]*)?)?$/.exec(text);
  if (!open || isInCode(text, open.index)) return text;
  const [whole, image, label = ""] = open;
  if (whole.endsWith("]") && !image) return text;
  const head = text.slice(0, open.index);
  return image || /^\^?\d*$/.test(label) ? head : head + label;
}

function isInCode(text: string, index: number): boolean {
  return ((text.slice(0, index).match(/`/g) ?? []).length & 1) === 1;
}

/** Adds what closes code and emphasis; takes away marks at the very end that open something empty. */
function closeMarks(text: string): string {
  const open: string[] = [];
  const marks = /\\.|(`+)|(\*+|_+|~+)/gsu;
  const closed = (head: string): string => head + open.reverse().join("");
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    const [run, ticks, emphasis] = found;
    const end = found.index + run.length;
    const codeEnd = ticks ? closingTicks(text, end, run.length) : undefined;
    if (codeEnd !== undefined) marks.lastIndex = codeEnd;
    else if (ticks) return closed(closeCode(text, found.index, run));
    const trimmed = emphasis ? weigh(open, text, found.index, emphasis) : undefined;
    if (trimmed !== undefined) return closed(trimmed);
  }
  return text.trim() === "" ? text : closed(text.trimEnd());
}

function closeCode(text: string, start: number, ticks: string): string {
  const code = text.slice(start + ticks.length);
  if (code.trim() === "") return text.slice(0, start);
  const begun = /`*$/.exec(code)?.[0].length ?? 0;
  return text + ticks.slice(begun);
}

/** Notes an emphasis mark as opened or closed. Gives the text to go on with where the mark stands at the very end. */
function weigh(open: string[], text: string, index: number, run: string): string | undefined {
  const before = text.charAt(index - 1);
  const after = text.charAt(index + run.length);
  const canClose = before !== "" && !/\s/.test(before);
  const top = open.at(-1);
  if (canClose && top !== undefined && top.charAt(0) === run.charAt(0)) {
    if (run.length >= top.length) open.pop();
    // The first half of a closing `**`.
    else if (after === "") return text.slice(0, index);
    return undefined;
  }
  if (after === "" && run.length <= 3) return text.slice(0, index).trimEnd();
  const isWord = /[\p{L}\p{N}]/u;
  const inWord = isWord.test(before) && isWord.test(after);
  const isMark = run !== "~" && run.length <= 3;
  if (!/\s/.test(after) && after !== "" && !inWord && isMark) open.push(run);
  return undefined;
}

/** Index after the run of so many backticks that closes, if there is one. */
function closingTicks(text: string, from: number, size: number): number | undefined {
  const runs = /`+/g;
  runs.lastIndex = from;
  for (let found = runs.exec(text); found; found = runs.exec(text))
    if (found[0].length === size) return found.index + size;
  return undefined;
}
