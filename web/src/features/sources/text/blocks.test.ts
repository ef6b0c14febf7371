import { describe, expect, it } from "vitest";
import { type Block, blocksOf, locateInBlocks } from "./blocks";

const plain = (text: string, page?: number) => ({ text, page, section: undefined });
const lit = (blocks: readonly Block[], text: string, page?: number): string[] =>
  locateInBlocks(plain(text, page), blocks).map(({ piece, start, end }) =>
    (blocks[piece]?.text ?? "").slice(start, end),
  );

describe("the blocks of a document's text", () => {
  it("are the passages where these are short", () => {
    const blocks = blocksOf([
      { text: "One", page: 1 },
      { text: "Two", page: 2, section: "Intro" },
    ]);
    expect(blocks).toEqual([
      { text: "One", page: 1, section: undefined, isFirst: true },
      { text: "Two", page: 2, section: "Intro", isFirst: true },
    ]);
  });

  it("have a heading only where a page or section begins", () => {
    const blocks = blocksOf([
      { text: "One", page: 1 },
      { text: "More", page: 1 },
      { text: "Two", page: 2 },
    ]);
    expect(blocks.map(({ isFirst }) => isFirst)).toEqual([true, false, true]);
  });

  it("lose nothing but blanks where a long text is cut", () => {
    const text = Array.from({ length: 400 }, (_, row) => `Row ${row} | ${row * 7} | value`).join("\n");
    const blocks = blocksOf([{ text }]);
    expect(blocks.length).toBeGreaterThan(3);
    expect(blocks.map((block) => block.text).join("\n")).toBe(text);
    expect(Math.max(...blocks.map((block) => block.text.length))).toBeLessThanOrEqual(2_000);
  });

  it("cut a text without any blank, but no character in two", () => {
    const text = "🐍".repeat(3_000);
    const blocks = blocksOf([{ text: `x${text}` }]);
    expect(blocks.map((block) => block.text).join("")).toBe(`x${text}`);
    for (const block of blocks) expect(block.text).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  });

  it("are none of nothing", () => {
    expect(blocksOf([])).toEqual([]);
  });
});

describe("finding a passage in the blocks", () => {
  it("finds it word for word, whatever the white space", () => {
    const blocks = blocksOf([{ text: "Before.  The pump\nmust   be cleaned. After." }]);
    expect(lit(blocks, "The pump must be cleaned.")).toEqual(["The pump\nmust   be cleaned."]);
  });

  it("finds it where it goes on in the next block", () => {
    const blocks = blocksOf([{ text: "Start. The pump must" }, { text: "be cleaned now. End" }]);
    expect(lit(blocks, "The pump must be cleaned now.")).toEqual(["The pump must", "be cleaned now."]);
  });

  it("prefers the page and section that it was taken from", () => {
    const blocks = blocksOf([
      { text: "The pump must be cleaned", page: 1 },
      { text: "The pump must be cleaned", page: 2 },
    ]);
    expect(locateInBlocks(plain("The pump must be cleaned", 2), blocks).map(({ piece }) => piece)).toEqual([
      1,
    ]);
  });

  it("finds it elsewhere if the document was cut otherwise meanwhile", () => {
    const blocks = blocksOf([
      { text: "Nothing", page: 1 },
      { text: "The pump must be cleaned", page: 3 },
    ]);
    expect(lit(blocks, "The pump must be cleaned", 2)).toEqual(["The pump must be cleaned"]);
  });

  it("finds rows of a table below a header that was repeated for them", () => {
    const rows = Array.from({ length: 50 }, (_, row) => `P${row} | part number ${row} | ${row}.50`);
    const blocks = blocksOf([{ text: ["identifier | name of the part | price", ...rows].join("\n") }]);
    const passage = ["identifier | name of the part | price", rows[30], rows[31]].join("\n");
    expect(lit(blocks, passage)).toEqual([
      "identifier | name of the part | price",
      `${rows[30]}\n${rows[31]}`,
    ]);
  });

  it("finds nothing of a passage that is not there, or has no words", () => {
    const blocks = blocksOf([{ text: "The pump must be cleaned every two weeks" }]);
    expect(lit(blocks, "Zebras graze on the savannah")).toEqual([]);
    expect(lit(blocks, "— —")).toEqual([]);
  });
});
