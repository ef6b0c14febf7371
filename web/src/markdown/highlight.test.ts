import { describe, expect, it } from "vitest";
import { tokensOf } from "./highlight";
import { SHAPES } from "./shapes.fixture";

const kindsOf = (code: string, language: string): (string | undefined)[] =>
  (tokensOf(code, language) ?? []).map(({ kind }) => kind);

describe("tokensOf", () => {
  it("names the pieces of code", () => {
    expect(tokensOf("def f():\n    return 'x'", "py")).toEqual([
      { text: "def", kind: "keyword" },
      { text: " ", kind: undefined },
      { text: "f", kind: "title" },
      { text: "():\n    ", kind: undefined },
      { text: "return", kind: "keyword" },
      { text: " ", kind: undefined },
      { text: "'x'", kind: "string" },
    ]);
  });

  it("knows a language within another", () => {
    expect(kindsOf("<script>let a = 1;</script>", "html")).toContain("keyword");
    expect(kindsOf("```js\nlet a;\n```", "markdown")).toContain("code");
  });

  it("does not know every word for a language", () => {
    for (const name of ["made-up", "__proto__", "constructor", "toString", ""]) {
      expect(tokensOf("x", name)).toBeUndefined();
    }
  });

  it.each(
    "bash c cpp csharp css diff dockerfile go html ini java js json kotlin lua makefile md php powershell py r rb rs sql swift ts xml yaml toml sh jsx tsx".split(
      " ",
    ),
  )("keeps every character of hostile code in %s", (language) => {
    for (const code of [
      ...Object.values(SHAPES).map((shape) => shape.slice(0, 600)),
      "a\u0000b\ud800c",
      "'\"`/*{{<!--\n#",
    ]) {
      const tokens = tokensOf(code, language);
      if (tokens) expect(tokens.map(({ text }) => text).join("")).toBe(code);
    }
  });
});
