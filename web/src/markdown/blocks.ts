/**
 * Cuts Markdown into pieces that may be parsed one by one, so that of a streamed answer only the end is parsed again. Pure.
 *
 * A cut stands where a line without indentation follows a blank line and no block of the top level goes on across it: that closes every
 * list and quote with all that is in them. Where the scanner is not sure it makes no cut, which is slower and never wrong; a test holds
 * it to the real parser.
 */

const FENCE = /^ {0,3}(`{3,}(?!.*`)|~{3,}|\${2,}(?!.*\$))/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const MARKER = /^([ \t]*)([-+*]|\d{1,9}[.)])([ \t]+|$)/;
/** Where the text is HTML that goes on over blank lines: how it begins and ends. */
const LONG_HTML: readonly (readonly [start: RegExp, end: RegExp])[] = [
  [/^ {0,3}<(?:script|pre|style|textarea)(?=[\s>]|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^ {0,3}<!--/, /-->/],
  [/^ {0,3}<\?/, /\?>/],
  [/^ {0,3}<![A-Za-z]/, />/],
  [/^ {0,3}<!\[CDATA\[/, /\]\]>/],
];
/** A definition (of a link or a footnote) counts for the whole text, and so do the numbers of footnotes. */
const DEFINITION = /^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t>]+)*\[[^\n]*\]:|^[^[\n]*\]:/m;

type List = "none" | "open" | "unsure";

/** A cut costs, too: parsing has a price for each piece. */
const LEAST = 500;

/** Lists, tables and code may become long, and are drawn with less work when nothing else is in their piece. */
const GROWING = /^(?:[-+*] |\d{1,9}[.)] |\||```|~~~)/;

/** The pieces, of so many characters at least where that does no harm. */
export function splitBlocks(source: string, least = LEAST): string[] {
  const text = withDollarFences(source.replace(/\r\n?/g, "\n"));
  if (DEFINITION.test(text)) return [text];
  const scanner = new Scanner();
  const blocks: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const next = end === -1 ? text.length : end + 1;
    const line = text.slice(at, end === -1 ? undefined : end);
    const isWorthIt = at - start >= least || GROWING.test(line);
    if (scanner.beginsBlock(line) && at > start && isWorthIt) {
      // Code that a list's end closes would take the blank lines for its own.
      blocks.push(text.slice(start, at).trimEnd());
      start = at;
    }
    at = next;
  }
  if (start < text.length) blocks.push(text.slice(start));
  return blocks.filter((block) => block.trim() !== "");
}

/** Reads line after line; what it keeps is what is open at the top level. */
class Scanner {
  private fence: { readonly char: string; readonly size: number } | undefined;
  private htmlEnd: RegExp | undefined;
  private list: List = "none";
  /** Column where the text of the current item of the outermost list begins. */
  private content = 0;
  private itemIsEmpty = false;
  private afterBlank = true;
  private afterIndented = false;
  private lost = false;

  /** Whether the line begins a block that does not depend on anything before. */
  beginsBlock(line: string): boolean {
    if (this.lost || this.goesOn(line)) return false;
    if (line.trim() === "") {
      this.blank();
      return false;
    }
    const indent = columnsOf(line);
    // The parser takes a line after indented code for no list, whatever its marker.
    const fresh = this.afterBlank && !this.afterIndented;
    // After a list or a quote the parser reads HTML in them or below them, by what follows.
    if (!this.afterBlank && line.trimStart().startsWith("<")) this.lost = true;
    this.afterBlank = false;
    this.afterIndented = indent >= 4;
    if (this.list === "open" && indent >= this.content) return false;
    const marker = RULE.test(line) ? null : MARKER.exec(line);
    if (marker && (indent < 4 || this.list !== "none")) {
      const wasList = this.list !== "none";
      this.openItem(line, marker, fresh);
      return fresh && indent === 0 && !wasList;
    }
    this.itemIsEmpty = false;
    this.leaveList(line, indent, fresh);
    this.open(line);
    return fresh && indent === 0 && !this.lost;
  }

  /** The line belongs to a fence or to HTML that is open. */
  private goesOn(line: string): boolean {
    if (this.fence) {
      const { char, size } = this.fence;
      const run = line.trim();
      const closes = columnsOf(line) < 4 && run.length >= size && run === char.repeat(run.length);
      if (closes) this.fence = undefined;
      this.afterBlank = false;
      return true;
    }
    if (!this.htmlEnd) return false;
    if (this.htmlEnd.test(line)) this.htmlEnd = undefined;
    this.afterBlank = false;
    return true;
  }

  private blank(): void {
    // An item does not begin with a blank line.
    if (this.itemIsEmpty) this.list = "unsure";
    this.itemIsEmpty = false;
    this.afterBlank = true;
  }

  private openItem(line: string, marker: RegExpExecArray, fresh: boolean): void {
    const [whole, lead = "", bullet = "", gap = ""] = marker;
    const rest = line.slice(whole.length);
    // In the middle of a paragraph only some markers begin a list.
    const interrupts = /^(?:[-+*]|1[.)])$/.test(bullet) && rest.trim() !== "";
    const sure = (fresh || this.list === "open" || interrupts) && columnsOf(line) < 4;
    this.list = sure ? "open" : "unsure";
    const bulletEnd = columnsOf(`${lead}${"x".repeat(bullet.length)}`, true);
    const textStart = columnsOf(`${lead}${"x".repeat(bullet.length)}${gap}`, true);
    this.itemIsEmpty = rest === "";
    this.content = this.itemIsEmpty || textStart - bulletEnd > 4 ? bulletEnd + 1 : textStart;
  }

  /** A line that is not of the list: it ends it, or it is a paragraph's lazy continuation, and then the list goes on. */
  private leaveList(line: string, indent: number, fresh: boolean): void {
    if (this.list === "none") return;
    if (fresh && indent === 0) {
      this.list = "none";
      return;
    }
    const opens = FENCE.test(line.trimStart()) || LONG_HTML.some(([start]) => start.test(line.trimStart()));
    if (indent > 0 && opens) this.lost = true;
    this.list = indent === 0 && opens ? "none" : "unsure";
  }

  private open(line: string): void {
    const fence = FENCE.exec(line)?.[1];
    if (fence) {
      this.fence = { char: fence.charAt(0), size: fence.length };
      return;
    }
    const html = LONG_HTML.find(([start]) => start.test(line));
    if (html && !html[1].test(line.replace(html[0], ""))) this.htmlEnd = html[1];
  }
}

/** Width of the white space that the line begins with (of all of it, if told), where tabs go to multiples of four. */
function columnsOf(line: string, all = false): number {
  let columns = 0;
  for (const char of line) {
    if (char === "\t") columns += 4 - (columns % 4);
    else if (char === " " || all) columns += 1;
    else break;
  }
  return columns;
}

/** Models write display math between `\[` and `\]` as often as between `$$`. Alone on their lines the two mean the same. */
function withDollarFences(text: string): string {
  if (!text.includes("\\[")) return text;
  let code: string | undefined;
  let math = false;
  const lines = text.split("\n").map((line) => {
    const run = /^ *(`{3,}|~{3,})/.exec(line)?.[1];
    if (!math && run) {
      if (!code) code = run;
      else if (run.startsWith(code)) code = undefined;
    }
    const bare = line.trim();
    if (code || bare !== (math ? "\\]" : "\\[")) return line;
    math = !math;
    return line.replace(/\\[[\]]/, "$$$$");
  });
  return lines.join("\n");
}
