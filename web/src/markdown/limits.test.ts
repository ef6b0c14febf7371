import { describe, expect, it } from "vitest";
import { isTooComplex } from "./limits";
import { splitLong } from "./longBlocks";

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("\n");

describe("isTooComplex", () => {
  it("lets through what people and models write, long as it may be", () => {
    const texts = [
      lines(1_500, (index) => `| ${index} | **b** | \`c\` | [d](https://e.example) |`).slice(0, 60_000),
      lines(
        600,
        (index) => `- item ${index} with **bold**, *soft*, \`code\` and [a link](https://a.example/${index})`,
      ),
      lines(500, () => "> - quoted **item** with `code`"),
      `\`\`\`js\n${lines(6_000, () => "a[0] = b * c * d; // [[[[ `x` |")}\n\`\`\``,
      `- code:\n\n  \`\`\`py\n${lines(900, () => "  x = a * b * c")}\n  \`\`\``,
      lines(12, (index) => `${"  ".repeat(index)}- level ${index}`),
      `${"> ".repeat(10)}deep`,
      "word ".repeat(12_000),
      lines(120, () => "Math $a_1 * b_2$ and $$c$$ in *every* line."),
    ];
    for (const text of texts) expect(isTooComplex(text), text.slice(0, 60)).toBe(false);
  });

  it("stops what takes seconds or overflows the stack", () => {
    const texts = [
      ">".repeat(100),
      "- ".repeat(100),
      "1. ".repeat(100),
      "[".repeat(200),
      "[a](".repeat(200),
      "a* ".repeat(4_000),
      "*a\n".repeat(4_000),
      lines(40, (index) => "$".repeat(index + 1)),
      `| ${"a |".repeat(300)}`,
      `${" ".repeat(200)}- deep`,
      "a\n".repeat(9_000),
      "[x] ".repeat(5_000),
      "x".repeat(300_000),
    ];
    for (const text of texts) expect(isTooComplex(text), text.slice(0, 40)).toBe(true);
  });

  it("is not fooled by code that is none", () => {
    expect(isTooComplex(`text\n    \`\`\`\n${"[".repeat(200)}\n    \`\`\``)).toBe(true);
  });
});

describe("splitLong", () => {
  const items = lines(200, (index) => `- item ${index} of the list`);

  it("cuts a long list between its items, and loses nothing", () => {
    const long = splitLong(items);
    expect(long?.kind).toBe("ul");
    expect(long?.parts.length).toBeGreaterThan(3);
    expect(long?.parts.join("\n")).toBe(items);
    expect(splitLong(items.replace(/- item/g, "7) item"))).toMatchObject({ kind: "ol", start: 7 });
  });

  it("gives each part of a table the table's head", () => {
    const long = splitLong(`| a |\n|---|\n${lines(400, (index) => `| ${index} |`)}`);
    expect(long).toMatchObject({ kind: "table", head: "| a |\n|---|\n" });
    expect(long?.parts.join("\n").split("\n")).toHaveLength(400);
  });

  it("leaves what is short, and what is not one list or table to its end", () => {
    const others = [
      "- a\n- b",
      `${items}\n\ntext`,

      `${items}\n1. other`,
      `${items}\n* other`,
      `${items}\n - shifted`,
      `${items}\n---`,
      `- - -\n${items}`,
      `-     code\n${items}`,
      `| a |\n${lines(400, () => "| x |")}`,
      `| a |\n|---|\n${lines(400, () => "| x |")}\n\ntext`,
    ];
    for (const text of others) expect(splitLong(text), text.slice(-20)).toBeUndefined();
  });

  it("knows lines that go on with an item's paragraph without being indented", () => {
    const lazy = lines(100, (index) => `- item ${index} and\nmore of it\n and more`);
    expect(splitLong(lazy)?.parts.join("\n")).toBe(lazy);
    expect(splitLong(`${lazy}\n\n  after`)).toBeDefined();
    for (const end of ["\n\nafter", "\n# after", "\n```\nx\n```\nafter", "\n> x\nafter"])
      expect(splitLong(lazy + end), end).toBeUndefined();
  });

  it("keeps what belongs to an item with it", () => {
    const nested = lines(60, (index) => `- item ${index}\n\n  \`\`\`js\n  code();\n  \`\`\`\n  - nested`);
    expect(splitLong(nested)?.parts.join("\n")).toBe(nested);
    expect(splitLong(nested)?.parts.every((part) => part.startsWith("- item"))).toBe(true);
  });
});
