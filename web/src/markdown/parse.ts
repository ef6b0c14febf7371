/** Markdown to React elements. */
import type { Root } from "mdast";
import type { ReactElement } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import remarkMath from "remark-math";
import { isTooComplex } from "./limits";
import { remarkMathRules } from "./mathSyntax";
import { rehypeSafe, type SafeOptions } from "./safeTree";

export interface ParseOptions extends SafeOptions {
  readonly components: Components;
}

/** `undefined` where the text is not one to parse: it is shown as it is. */
export function parse(text: string, { components, ...safe }: ParseOptions): ReactElement | undefined {
  if (isTooComplex(text)) return undefined;
  try {
    // Called, not rendered: it is a pure function without hooks, and what it throws (a stack that overflows) is caught here.
    return ReactMarkdown({
      children: text,
      components,
      // One tilde is "about", as in "~5".
      remarkPlugins: [
        [remarkGfm, { singleTilde: false }],
        remarkMath,
        remarkMathRules,
        [remarkCitationsFirst, safe.citations],
      ],
      remarkRehypeOptions: { clobberPrefix: safe.idPrefix },
      rehypePlugins: [[rehypeSafe, safe]],
      // Addresses were checked when the tree was.
      urlTransform: (url) => url,
    });
  } catch {
    return undefined;
  }
}

/** `[1]: https://…` in an answer does not make a link of the marker [1]: that one leads to the source. */
function remarkCitationsFirst(citations: ReadonlySet<number>) {
  return (tree: Root): void => {
    if (citations.size === 0) return;
    const left: { children: Root["children"] }[] = [tree];
    for (let parent = left.pop(); parent; parent = left.pop()) {
      parent.children = parent.children.map((child) => {
        if ("children" in child) left.push(child as { children: Root["children"] });
        if (child.type !== "linkReference" || child.referenceType === "full") return child;
        const label = child.label ?? "";
        return /^\d{1,4}$/.test(label) && citations.has(Number(label))
          ? { type: "text", value: `[${label}]` }
          : child;
      });
    }
  };
}
