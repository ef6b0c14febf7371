/** Where a passage stands in a document of pages. */
import { type Alignment, alignStreams, type TextRange } from "./align";
import { type CharStream, charStream, rangesAt } from "./charStream";
import { spillOf } from "./spill";

/** What a page holds of the passage; `piece` counts the page's pieces of text. */
export interface PageMatch {
  readonly page: number;
  readonly ranges: readonly TextRange[];
}

export interface Located {
  /** In the order of the pages; empty where the passage was not found. */
  readonly matches: readonly PageMatch[];
  /** The page that holds most of it. */
  readonly page: number | undefined;
}

/** A page that holds less of the passage than this is not the one that it was taken from. */
const LEAST = 0.3;
/** What is left over is looked for beside the page if it is longer than this, and taken if this share of it is there. */
const LEFT_OVER = 12;
const LEAST_LEFT_OVER = 0.6;
/** A passage without a page is looked for on so many pages. */
const MOST_PAGES = 60;

/**
 * `page` is where the passage begins by what the server read, which is where most of it stands: a heading may stand on the page before,
 * and a sentence end on the one after. `piecesOf` gives the texts of a page, which counts from 1.
 */
export async function locate(
  passage: string,
  page: number | undefined,
  pages: number,
  piecesOf: (page: number) => Promise<readonly string[]>,
): Promise<Located> {
  const streamOf = async (number: number): Promise<CharStream | undefined> =>
    number >= 1 && number <= pages ? charStream(await piecesOf(number)) : undefined;
  const wanted = charStream([passage]);
  for (const candidate of candidates(page, pages)) {
    const stream = await streamOf(candidate);
    if (!stream) continue;
    const whole = alignStreams(wanted, stream, passage);
    if (whole.coverage < LEAST) continue;
    const next = await streamOf(candidate + 1);
    const { found, after } = withNext(passage, wanted, whole, stream, next);
    const before = leftOver(found.before, await streamOf(candidate - 1));
    const matches = [
      { page: candidate - 1, ranges: before },
      { page: candidate, ranges: found.ranges },
      { page: candidate + 1, ranges: after },
    ];
    return { matches: matches.filter(({ ranges }) => ranges.length > 0), page: candidate };
  }
  return { matches: [], page: undefined };
}

function candidates(page: number | undefined, pages: number): number[] {
  if (page === undefined) return Array.from({ length: Math.min(pages, MOST_PAGES) }, (_, index) => index + 1);
  return [page, page + 1, page - 1].filter((each) => each >= 1 && each <= pages);
}

/**
 * The page and the one after it. An end of the passage with which the next page begins stands there rather than on this page, even if the
 * same words are somewhere on this one, too; unless they follow here what comes before them in the passage.
 */
function withNext(
  passage: string,
  wanted: CharStream,
  whole: Alignment,
  stream: CharStream,
  next: CharStream | undefined,
): { found: Alignment; after: readonly TextRange[] } {
  const spill = next && spillOf(wanted, next);
  const followsHere = spill && whole.placeOf[spill.from] === (whole.placeOf[spill.from - 1] ?? -1) + 1;
  if (!next || !spill || (followsHere && whole.placeOf[spill.from] !== -1))
    return { found: whole, after: leftOver(whole.after, next) };
  const rest = passage.slice(0, wanted.start[spill.from]);
  return {
    found: alignStreams(charStream([rest]), stream, rest),
    after: rangesAt(next, spill.at, spill.at + spill.length),
  };
}

/** Where a neighbouring page holds what was not found. */
function leftOver(text: string, stream: CharStream | undefined): readonly TextRange[] {
  const wanted = charStream([text]);
  if (!stream || wanted.chars.length <= LEFT_OVER) return [];
  const { ranges, coverage } = alignStreams(wanted, stream, text);
  return coverage >= LEAST_LEFT_OVER ? ranges : [];
}
