import type { Root, RootContent } from "mdast";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { describe, expect, it } from "vitest";
import { splitBlocks } from "./blocks";

const parser = unified().use(remarkParse).use(remarkGfm).use(remarkMath);

/** The tree without what may differ where a text is parsed in pieces: positions, and blank ends of code. */
function treeOf(text: string): unknown {
  return JSON.parse(
    JSON.stringify(parser.parse(text).children, (key, value) =>
      key === "position" ? undefined : key === "value" ? value.trimEnd() : value,
    ),
  );
}

const treesOf = (blocks: readonly string[]): unknown[] =>
  blocks.flatMap((block) => treeOf(block) as RootContent[]);

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    const more = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((more ^ (more >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const LINES = [
  ..."|||text|text|more text|- item|- |-|* star|1. one|2. two|14. late|  - nested|   continued|    four|      six".split(
    "|",
  ),
  ..."```|```js|~~~|````|   ```|  ```|    ```|      ```|$$|  $$|$$ x $$|# head|## head ##|---|***|===|> quote|> - in|> ```".split(
    "|",
  ),
  ..."<!-- a|-->|<div>|</div>|<script>|</script>|  <!-- b|\t- tab|-\ttab|1.\tx|\tcode|- ```|1. ~~~|- $$|+ a|- - a|<pre>|</pre> x".split(
    "|",
  ),
  "| a | b |",
  "|---|---|",
  "| 1 | 2 |",
  "**bold** and `code`",
  "[link](http://x.example)",
];

describe("splitBlocks", () => {
  it("makes a block of each paragraph, heading, list and fence between blank lines", () => {
    const text = "# A\n\none\ntwo\n\n- a\n\n- b\n\n  more\n\n```js\nx\n\ny\n```\n\nend";
    expect(splitBlocks(text, 0).map((block) => block.trimEnd())).toEqual([
      "# A",
      "one\ntwo",
      "- a\n\n- b\n\n  more",
      "```js\nx\n\ny\n```",
      "end",
    ]);
  });

  it("leaves out blank blocks, and knows every kind of line ending", () => {
    expect(splitBlocks("\n\n  \n", 0)).toEqual([]);
    expect(splitBlocks("", 0)).toEqual([]);
    expect(splitBlocks("a\r\n\r\nb\r\rc", 0)).toEqual(["a", "b", "c"]);
  });

  it("keeps a text together where a definition counts for all of it", () => {
    expect(splitBlocks("see [x]\n\ntext\n\n[x]: https://a.example", 0)).toHaveLength(1);
    expect(splitBlocks("note[^1]\n\n[^1]: text", 0)).toHaveLength(1);
    expect(splitBlocks("> [x]: /a\n\n[x]", 0)).toHaveLength(1);
  });

  it("keeps a fence, math and long HTML together over blank lines", () => {
    for (const whole of [
      "~~~\na\n\n- b\n~~~",
      "$$\na\n\nb\n$$",
      "<!-- a\n\nb -->",
      "<script>\n\na\n</script>",
      "```\na\n\n``\n\nb",
    ]) {
      expect(splitBlocks(whole, 0)).toEqual([whole]);
    }
  });

  it("takes display math between \\[ and \\] for math between dollars, but not in code", () => {
    expect(splitBlocks("\\[\nx\n+ y\n\\]\n\ntext", 0)).toEqual(["$$\nx\n+ y\n$$", "text"]);
    expect(splitBlocks("```\n\\[\n```", 0)).toEqual(["```\n\\[\n```"]);
  });

  it("never changes what the text means: pieces parse to what the whole parses to", () => {
    const next = random(7);
    for (let round = 0; round < 4_000; round += 1) {
      const count = 1 + Math.floor(next() * 12);
      const lines = Array.from({ length: count }, () => LINES[Math.floor(next() * LINES.length)] ?? "");
      const text = lines.join("\n");
      const blocks = splitBlocks(text, 0);
      if (blocks.length > 1) expect(treesOf(blocks), JSON.stringify(blocks)).toEqual(treeOf(text));
    }
  });

  it("gathers small blocks into pieces of a size that is worth parsing alone", () => {
    const blocks = splitBlocks("A paragraph.\n\n".repeat(200));
    expect(blocks.length).toBeGreaterThan(4);
    expect(blocks.slice(0, -1).every((block) => block.length > 480)).toBe(true);
  });

  it("finds the cuts that there are in an ordinary answer", () => {
    const answer =
      "Intro.\n\n## Part\n\nText with `code`.\n\n```py\na = 1\n\nb = 2\n```\n\n1. x\n2. y\n\n| a |\n|---|\n| b |\n\nEnd.\n";
    expect(splitBlocks(answer, 0)).toHaveLength((parser.parse(answer) as Root).children.length);
  });

  it("keeps finished blocks as they are while text is added", () => {
    const answer = "One **a**.\n\n- x\n- y\n\n```js\nlet a;\n\nlet b;\n```\n\nTwo.\n\n> quote\n\nThree.";
    let before: string[] = [];
    for (let length = 1; length <= answer.length; length += 1) {
      const blocks = splitBlocks(answer.slice(0, length), 0);
      expect(blocks.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      before = blocks;
    }
  });
});
