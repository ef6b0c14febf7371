import { describe, expect, it } from "vitest";
import { fold, foldedTitle, matches, spansOf, wordsOf } from "./fold";

const found = (title: string, query: string): boolean => matches(fold(title), wordsOf(query));
const marked = (title: string, query: string): string[] =>
  spansOf(title, wordsOf(query)).map(([start, end]) => title.slice(start, end));

describe("search in titles", () => {
  it.each([
    ["Café in Zürich", "cafe zurich"],
    ["cafe in zurich", "CAFÉ"],
    ["Cafe\u0301 decomposed", "café"],
    ["Straße nach Gießen", "STRASSE"],
    ["Weißwurst", "weiß"],
    ["İstanbul", "istanbul"],
    ["Łódź", "lodz"],
    ["Ελληνικά Οδυσσεύς", "ελληνικα οδυσσευς"],
    ["Ёлка", "елка"],
    ["ﬁnance", "finance"],
    ["東京の天気", "天気"],
    ["한국어 수업", "한국어"],
    ["مُحَمَّد", "محمد"],
    ["हिन्दी", "हिन्दी"],
    ["Plans 🏔️ 2026", "🏔 2026"],
    ["(a+b)[c]*", "(a+b)[c]*"],
    ["anything", "   "],
  ])("finds %j by %j", (title, query) => {
    expect(found(title, query)).toBe(true);
  });

  it.each([
    ["Capitals of Europe", "asia"],
    ["Capitals of Europe", "capitals asia"],
    ["हिन्दी", "हन्द"],
    ["", "a"],
  ])("does not find %j by %j", (title, query) => {
    expect(found(title, query)).toBe(false);
  });

  it.each<[string, string, string[]]>([
    ["Capitals of Europe", "europe cap", ["Cap", "Europe"]],
    ["banana", "ana", ["anana"]],
    ["Café Cafe\u0301s", "cafe", ["Café", "Cafe\u0301"]],
    ["Straße", "ass", ["aß"]],
    ["🙂 grüße 🙂", "grusse", ["grüße"]],
    ["Plans 🏔️!", "🏔", ["🏔"]],
    ["no", "yes", []],
    ["anything", "", []],
  ])("marks in %j what %j finds", (title, query, expected) => {
    expect(marked(title, query)).toEqual(expected);
  });

  it("folds the title of an item once", () => {
    const item = { title: "Ä" };
    expect(foldedTitle(item)).toBe("a");
    item.title = "changed by nobody";
    expect(foldedTitle(item)).toBe("a");
  });

  it("is quick on a long title of marks and repeated words", () => {
    const title = `a${"\u0301".repeat(5_000)}${"ab".repeat(5_000)}`;
    expect(spansOf(title, ["ab"])).toHaveLength(1);
  });
});
