import { describe, expect, it } from "vitest";
import { type Alignment, alignStreams, widened } from "./align";
import { charStream } from "./charStream";

const align = (passage: string, pieces: readonly string[]): Alignment =>
  alignStreams(charStream([passage]), charStream(pieces), passage);

const found = (passage: string, pieces: readonly string[]): string[] =>
  align(passage, pieces).ranges.map(({ piece, start, end }) => (pieces[piece] ?? "").slice(start, end));

describe("finding a passage among pieces of text", () => {
  it("finds it through blanks, line ends and punctuation that differ", () => {
    const pieces = ["Some words before. ", "The pump must", " ", "be cleaned;", " every two weeks."];
    expect(found("The pump must be\ncleaned every two weeks", pieces)).toEqual([
      "The pump must",
      " ",
      "be cleaned;",
      " every two weeks",
    ]);
  });

  it("finds words that are cut in two at the end of a line", () => {
    const pieces = ["the infrastruc-", "ture programme goes on"];
    expect(found("infrastructure programme goes on", pieces)).toEqual([
      "infrastruc-",
      "ture programme goes on",
    ]);
  });

  it("finds ligatures, accents and letters that are written otherwise", () => {
    const pieces = ["The oﬃce is ﬁnally in the café of Åre, ½ price"];
    expect(align("the office is finally in the cafe\u0301 of Åre, ½ PRICE", pieces).coverage).toBe(1);
  });

  it("finds parts that stand in another order on the page", () => {
    const pieces = ["Second column begins over here and goes on.", "First column, which is written later."];
    const { coverage, ranges } = align(
      "First column, which is written later. Second column begins over here and goes on.",
      pieces,
    );
    expect(coverage).toBe(1);
    expect(ranges.map(({ piece }) => piece)).toEqual([0, 1]);
  });

  it("finds the cells of a table that is written column by column", () => {
    const pieces = ["Pump", "Valve", "Gasket", "12.50", "7.10", "3.99"];
    expect(align("Pump | 12.50\nValve | 7.10\nGasket | 3.99", pieces).coverage).toBe(1);
  });

  it("takes the place where more of it follows, of several that begin alike", () => {
    const pieces = ["Creates the encoding of a string.", "Creates the encoding of a number, in the buffer."];
    expect(found("Creates the encoding of a number, in the buffer", pieces)).toEqual([
      "Creates the encoding of a number, in the buffer",
    ]);
  });

  it("marks no half words", () => {
    expect(
      found("the measured temperature of the pump rose", ["the measured temperature of them all"]),
    ).toEqual(["the measured temperature of"]);
  });

  it("takes what was read differently between two parts that were found", () => {
    const pieces = ["the flow rate is measured in ", "m³∕h", " at the outlet of the pump"];
    expect(found("the flow rate is measured in qq at the outlet of the pump", pieces)).toEqual(pieces);
  });

  it("finds nothing of a passage that is not there", () => {
    const { coverage, ranges } = align("Zebras graze on the savannah", [
      "The pump must be cleaned every week",
    ]);
    expect(coverage).toBe(0);
    expect(ranges).toEqual([]);
  });

  it("finds text of scripts without blanks", () => {
    const pieces = ["第一条", "委員会は、", "この提案について", "検討した。", "終わり"];
    expect(found("委員会は、この提案について検討した。", pieces)).toEqual([
      "委員会は、",
      "この提案について",
      "検討した",
    ]);
  });

  it("finds words of right-to-left scripts whatever their order", () => {
    const { coverage } = align("ההצעה נדונה באריכות והוחלט", [
      "והוחלט",
      " ",
      "באריכות",
      " ",
      "נדונה",
      " ",
      "ההצעה",
    ]);
    expect(coverage).toBe(1);
  });

  it("finds a passage of one short word", () => {
    expect(found("1", ["2012", "1"])).toEqual(["1"]);
  });

  it.each([
    ["nothing", "", ["text"]],
    ["only symbols", "— * —", ["— * —"]],
    ["a page without text", "text", []],
    ["empty pieces", "text", ["", " ", ""]],
    ["halves of characters", "\ud83d \udc00", ["\ud83d", "\udc00 x"]],
  ])("copes with %s", (_, passage, pieces) => {
    expect(align(passage, pieces)).toMatchObject({ coverage: 0, ranges: [] });
  });

  it("takes a page that repeats one stretch thousands of times in its stride", () => {
    const page = ["0 ".repeat(20_000)];
    expect(align("0 ".repeat(4_000), page).coverage).toBeGreaterThan(0);
  });

  it("says what is left before and after", () => {
    const { before, after } = align("Heading of the page before. The pump must be cleaned well. Rest", [
      "The pump must be cleaned well",
    ]);
    expect([before, after]).toEqual(["Heading of the page before. ", ". Rest"]);
  });

  it("gives ranges that lie within their pieces", () => {
    const pieces = ["naïve 𝒳 ﬁx", "Straße — ", "…", "ende"];
    for (const { piece, start, end } of align("naive X fix strasse ende", pieces).ranges) {
      expect(start).toBeLessThan(end);
      expect(end).toBeLessThanOrEqual(pieces[piece]?.length ?? -1);
    }
  });
});

describe("the punctuation around a range", () => {
  it("belongs to it where it opens or ends it", () => {
    const text = "He said (clean it twice!) and left";
    const start = text.indexOf("clean");
    const range = widened({ piece: 0, start, end: start + "clean it twice".length }, text);
    expect(text.slice(range.start, range.end)).toBe("(clean it twice!)");
  });

  it("ends before the next cell of a table", () => {
    expect(widened({ piece: 0, start: 0, end: 3 }, "abc| def").end).toBe(3);
  });
});

describe("a stream of characters", () => {
  it("knows where each came from, and where words begin", () => {
    const stream = charStream(["Oﬃce-", "Hours"]);
    expect(stream.chars).toBe("officehours");
    expect([...stream.start.subarray(0, 6)]).toEqual([0, 1, 1, 1, 2, 3]);
    expect([...stream.piece]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect([...stream.wordStart]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
  });
});
