import { describe, expect, it } from "vitest";
import { completeTail } from "./tail";

const cases: readonly (readonly [what: string, given: string, shown: string])[] = [
  ["open bold", "a **bold te", "a **bold te**"],
  ["bold that is half closed", "a **bold*", "a **bold**"],
  ["bold that begins", "a **", "a"],
  ["a star that may begin a list", "text\n*", "text"],
  ["nested emphasis", "**a *b", "**a *b***"],
  ["closed emphasis", "**a** and *b*", "**a** and *b*"],
  ["a product", "5 * 3 is 2*7 or a_b_c", "5 * 3 is 2*7 or a_b_c"],
  ["open strike-through", "~~old", "~~old~~"],
  ["about a number", "~5 to ~6 and", "~5 to ~6 and"],
  ["open code", "run `npm i", "run `npm i`"],
  ["code that begins", "run `", "run "],
  ["code with a tick in it, half closed", "``a ` b`", "``a ` b``"],
  ["stars in open code", "`a **b", "`a **b`"],
  ["a link without its end", "see [the docs](https://exa", "see the docs"],
  ["a link without its address", "see [the do", "see the do"],
  ["an image without its end", "see ![alt](https://exa", "see"],
  ["a marker of a source that begins", "so it is [1", "so it is"],
  ["a finished marker", "so it is [1]", "so it is [1]"],
  ["brackets in open code", "`a[0", "`a[0`"],
  ["escaped marks", "a \\*b and \\`c", "a \\*b and \\`c"],
  ["a fence that begins", "text\n``", "text"],
  ["an open fence", "```js\nconst a = '**", "```js\nconst a = '**"],
  ["an open fence that begins to close", "```js\na\n``", "```js\na"],
  ["a fence in a list", "- a\n\n  ```js\n  x **y", "- a\n\n  ```js\n  x **y"],
  ["a closed fence", "```\na\n```\n**b", "```\na\n```\n**b**"],
  ["display math", "$$\na_1 * b", "$$\na_1 * b"],
  ["a line that may underline", "text\n-", "text"],
  ["a heading without text", "#", ""],
  ["a list item", "- **a", "- **a**"],
  ["a table's first line", "| a | b |", "| a | b |\n| - | - |"],
  ["a table's first line with its end", "| a | b |\n", "| a | b |\n| - | - |"],
  ["a table's second line", "| a | b |\n|--", "| a | b |\n| - | - |"],
  ["a table's row", "| a | b |\n|---|---|\n| **x", "| a | b |\n|---|---|\n| **x**"],
  ["a table that begins", "text\n|", "text"],
];

describe("completeTail", () => {
  it.each(cases)("%s", (_, given, shown) => {
    expect(completeTail(given)).toBe(shown);
  });

  it("lets a long paragraph grow in steps, and a long list word by word", () => {
    const shown = Array.from({ length: 100 }, (_, index) => completeTail("a".repeat(6_000 + index)).length);
    expect(new Set(shown).size).toBeLessThan(6);
    expect(Math.max(...shown)).toBeLessThanOrEqual(6_099);
    const item = "- an item\n";
    expect(completeTail(`${item.repeat(500)}- en`).endsWith("- en")).toBe(true);
    expect(encodeURIComponent(completeTail("😀".repeat(3_333)))).toMatch(/^(?:%F0%9F%98%80)+$/);
  });

  it("is quick on a long line of one character", () => {
    for (const char of ["`", "*", "_", "[", "!", "|", " ", "- ", "> ", "\\", "~", "`a ``", "*a _b "]) {
      const shown = completeTail(char.repeat(20_000));
      expect(typeof shown).toBe("string");
    }
  });
});
