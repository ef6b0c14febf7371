import { describe, expect, it } from "vitest";
import { charStream } from "./charStream";
import { locate } from "./locate";
import { mainRange } from "./main";
import realPages from "./realPages.fixture.json";

/** The texts by page, the first one is page 1. */
const among = (...pages: readonly (readonly string[])[]) => ({
  count: pages.length,
  piecesOf: async (page: number): Promise<readonly string[]> => pages[page - 1] ?? [],
});

const pagesOf = async (
  passage: string,
  page: number | undefined,
  ...texts: readonly (readonly string[])[]
) => {
  const { count, piecesOf } = among(...texts);
  return (await locate(passage, page, count, piecesOf)).matches.map((match) => match.page);
};

describe("locating a passage in a document", () => {
  it("finds it on its page", async () => {
    expect(await pagesOf("The pump must be cleaned", 2, ["Contents"], ["The pump must be cleaned"])).toEqual([
      2,
    ]);
  });

  it("finds the end of a sentence on the next page", async () => {
    const pages = [["The pump must be cleaned by"], ["somebody who knows it well.", "Next chapter"]];
    expect(await pagesOf("The pump must be cleaned by somebody who knows it well.", 1, ...pages)).toEqual([
      1, 2,
    ]);
  });

  it("finds a heading on the page before", async () => {
    const pages = [["Chapter 7: Maintenance of pumps"], ["Clean the pump every two weeks, at the latest."]];
    const passage = "Chapter 7: Maintenance of pumps\n\nClean the pump every two weeks, at the latest.";
    expect(await pagesOf(passage, 2, ...pages)).toEqual([1, 2]);
  });

  it("looks beside the page if it is not there", async () => {
    expect(await pagesOf("The pump must be cleaned", 2, ["x"], ["y"], ["The pump must be cleaned"])).toEqual([
      3,
    ]);
  });

  it("looks through the pages if none is known", async () => {
    const pages = [["x"], ["y"], ["z"], ["The pump must be cleaned"]];
    expect(await pagesOf("The pump must be cleaned", undefined, ...pages)).toEqual([4]);
  });

  it.each([0, -1, 99])("finds nothing, and fails at nothing, on page %d", async (page) => {
    expect(await pagesOf("Zebras graze on the savannah", page, ["The pump"])).toEqual([]);
  });
});

/** Pages of documents of the collection py-pdf/sample-files (CC-BY-SA 4.0), with passages as the server cut them. */
describe.each(realPages)("on real pages: $name", ({ passage, page, pages }) => {
  const texts = new Map(Object.entries(pages).map(([number, pieces]) => [Number(number), pieces]));
  const last = Math.max(...texts.keys());
  const piecesOf = async (number: number): Promise<readonly string[]> => texts.get(number) ?? [];

  it("finds all of the passage and hardly anything else", async () => {
    const { matches } = await locate(passage, page, last, piecesOf);
    const lit = matches.flatMap((match) =>
      match.ranges.map(({ piece, start, end }) => texts.get(match.page)?.[piece]?.slice(start, end) ?? ""),
    );
    const [found, wanted] = [charStream(lit).chars, charStream([passage]).chars];
    expect([...found].sort().join("")).toBe([...wanted].sort().join(""));
  });

  it("finds it on the page that the server said", async () => {
    expect((await locate(passage, page, last, piecesOf)).page).toBe(page);
  });
});

it("finds the end on the next page though the same words are on this one, too", async () => {
  const real = realPages.find(({ name }) => name.startsWith("the same sentences"));
  const pages: Record<string, readonly string[]> = real?.pages ?? {};
  const { matches } = await locate(real?.passage ?? "", 3, 4, async (page) => pages[String(page)] ?? []);
  expect(matches.map(({ page }) => page)).toEqual([3, 4]);
  // Nothing of it in the paragraphs above the heading with which it begins.
  expect(pages[3]?.[matches[0]?.ranges[0]?.piece ?? 0]).toBe("7");
});

describe("the part to bring into view", () => {
  const range = (piece: number, length: number) => ({ piece, start: 0, end: length });

  it("is where most of the passage begins, not the header far above it", () => {
    expect(mainRange([range(0, 30), range(50, 20), range(51, 20), range(52, 20)])).toEqual(range(50, 20));
  });

  it("is none of nothing", () => {
    expect(mainRange([])).toBeUndefined();
  });
});
