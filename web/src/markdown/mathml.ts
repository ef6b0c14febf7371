/**
 * TeX to MathML as React elements. KaTeX writes MathML as a string; it is read into a document that runs and fetches nothing, and only
 * elements and attributes named here are built from it. Loaded when the first formula is shown.
 */
import katex from "katex";
import { createElement, type ReactNode } from "react";

// Without `mglyph`, which is an image.
const TAGS = new Set(
  "math mrow mi mn mo mtext mspace ms msup msub msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mlabeledtr mstyle mpadded mphantom menclose merror".split(
    " ",
  ),
);

const ATTRIBUTES = new Set(
  "display mathvariant stretchy fence separator lspace rspace accent accentunder minsize maxsize symmetric largeop movablelimits form linethickness columnalign rowalign columnspacing rowspacing columnlines rowlines frame displaystyle scriptlevel width height depth voffset notation mathcolor mathbackground".split(
    " ",
  ),
);

const LONGEST = 5_000;
const DEEPEST = 200;

/** `undefined` where it is not TeX that can be read. */
export function formulaOf(source: string, display: boolean): ReactNode {
  if (source.trim() === "" || source.length > LONGEST) return undefined;
  try {
    const markup = katex.renderToString(source, {
      output: "mathml",
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxSize: 20,
      maxExpand: 300,
    });
    const math = new DOMParser().parseFromString(markup, "text/html").querySelector("math");
    return math ? built(math, 0, 0) : undefined;
  } catch {
    // TeX with a mistake in it, or so deep that the stack overflows.
    return undefined;
  }
}

function built(element: Element, key: number, depth: number): ReactNode {
  const tag = element.localName;
  if (depth > DEEPEST || tag === "annotation") return null;
  const children = [...element.childNodes].map((child, index) => {
    if (child.nodeType === 3) return child.nodeValue;
    return child.nodeType === 1 ? built(child as Element, index, depth + 1) : null;
  });
  // The elements of the formula, without the source that stands beside them.
  if (tag === "semantics") return children[0];
  if (!TAGS.has(tag)) return null;
  return createElement(tag, { key, ...attributesOf(element) }, ...children);
}

function attributesOf(element: Element): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    if (ATTRIBUTES.has(name) && !/[<>;:()\\]/.test(value)) found[name] = value;
  }
  return found;
}
