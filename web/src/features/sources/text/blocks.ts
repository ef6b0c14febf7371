/** The text of a document as blocks small enough to be shown one by one, and where a passage stands in them. Pure. */
import type { Schemas } from "~/api/client";
import { alignStreams, type TextRange, widened } from "../matching/align";
import { charStream, rangesAt } from "../matching/charStream";

export type TextPassage = Schemas["TextPassage"];

export interface Block {
  readonly text: string;
  readonly page: number | undefined;
  readonly section: string | undefined;
  /** It begins a page or a section. */
  readonly isFirst: boolean;
}

/** Blocks are cut at the end of a line, but at this many characters in any case. */
const LONGEST = 2_000;
/** In this much text a passage that is not there word for word is still looked for everywhere. */
const MOST_ALIGNED = 200_000;
/** A passage of which less is there was not taken from this text. */
const LEAST = 0.3;

export function blocksOf(passages: readonly TextPassage[]): Block[] {
  return passages.flatMap(({ text, page, section }, number) => {
    const before = passages[number - 1];
    const goesOn = before !== undefined && before.page === page && before.section === section;
    return cut(text).map((piece, index) => ({
      text: piece,
      page: page ?? undefined,
      section: section ?? undefined,
      isFirst: index === 0 && !goesOn,
    }));
  });
}

/** The pieces together are the text, but for the line ends where it was cut. */
function cut(text: string): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > LONGEST) {
    const paragraph = rest.lastIndexOf("\n\n", LONGEST);
    const line = rest.lastIndexOf("\n", LONGEST);
    const blank = rest.lastIndexOf(" ", LONGEST);
    const end = [paragraph, line, blank].find((at) => at > LONGEST / 2) ?? wholeCharacters(rest, LONGEST);
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end).replace(/^[ \n]+(?=\S)|^\n+/, "");
  }
  return [...pieces, rest];
}

/** Not between the halves of a character. */
function wholeCharacters(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(at)) ? at - 1 : at;
}

interface Wanted {
  readonly text: string;
  readonly page: number | undefined;
  readonly section: string | undefined;
}

/** The ranges that hold the passage, `piece` counting the blocks; none where it is not there. */
export function locateInBlocks(wanted: Wanted, blocks: readonly Block[]): readonly TextRange[] {
  const here = blocks.filter((block) => block.page === wanted.page && block.section === wanted.section);
  return found(wanted.text, here, blocks) ?? found(wanted.text, blocks, blocks) ?? [];
}

function found(
  text: string,
  among: readonly Block[],
  blocks: readonly Block[],
): readonly TextRange[] | undefined {
  const stream = charStream(among.map((block) => block.text));
  const wanted = charStream([text]);
  if (wanted.chars.length === 0) return undefined;
  const at = stream.chars.indexOf(wanted.chars);
  const numberOf = numbers(among, blocks);
  if (at >= 0) return numberOf(rangesAt(stream, at, at + wanted.chars.length));
  if (stream.chars.length > MOST_ALIGNED) return undefined;
  const { ranges, coverage } = alignStreams(wanted, stream, text);
  return coverage < LEAST ? undefined : numberOf(ranges);
}

function numbers(among: readonly Block[], blocks: readonly Block[]) {
  const places = new Map(blocks.map((block, number) => [block, number]));
  return (ranges: readonly TextRange[]): readonly TextRange[] =>
    ranges.flatMap((range) => {
      const block = among[range.piece];
      const piece = block && places.get(block);
      return piece === undefined ? [] : [widened({ ...range, piece }, block?.text ?? "")];
    });
}
