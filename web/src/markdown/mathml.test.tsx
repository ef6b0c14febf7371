import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { formulaOf } from "./mathml";

const shown = (source: string, display = false): HTMLElement =>
  render(<span>{formulaOf(source, display)}</span>).container;

describe("formulaOf", () => {
  it("makes MathML without the source beside it", () => {
    const container = shown("\\frac{a}{b}+\\sqrt{x}", true);
    expect(container.querySelector("math")?.getAttribute("display")).toBe("block");
    expect(container.querySelector("mfrac")?.textContent).toBe("ab");
    expect(container.querySelector("msqrt")).not.toBeNull();
    expect(container.querySelector("annotation, semantics")).toBeNull();
    expect(container).toHaveTextContent(/^ab\+x$/);
  });

  it("knows matrices, cases and aligned equations", () => {
    expect(shown("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}").querySelectorAll("mtd")).toHaveLength(4);
    expect(shown("\\begin{cases}a&b\\\\c&d\\end{cases}").querySelector("mtable")).not.toBeNull();
    expect(shown("\\begin{aligned}a&=b\\\\c&=d\\end{aligned}").querySelectorAll("mtr")).toHaveLength(2);
  });

  it("never makes a link, an image, a class, an id or a style", () => {
    const sources = [
      "\\href{https://evil.example}{x}",
      "\\url{https://evil.example}",
      "\\includegraphics{https://evil.example/x.png}",
      "\\htmlClass{evil}{x}",
      "\\htmlId{root}{x}",
      "\\htmlStyle{color:red}{x}",
      "\\htmlData{src=x}{y}",
    ];
    for (const source of sources) {
      const container = shown(source);
      expect(
        container.querySelector("a, img, mglyph, [href], [src], [class], [id], [style], [data-src]"),
      ).toBeNull();
    }
  });

  it("is nothing for mistakes, for what never ends and for what is too long", () => {
    for (const source of [
      "",
      " ",
      "\\frac{1}{",
      "\\undefined",
      "{".repeat(3_000),
      "\\def\\a{\\a\\a}\\a",
      "x".repeat(6_000),
      "\\begin{x}",
    ])
      expect(formulaOf(source, false), source.slice(0, 20)).toBeUndefined();
  });
});
