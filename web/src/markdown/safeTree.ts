/**
 * The gate between a parsed text and the page: only elements and properties named here pass. HTML becomes text, an image becomes a link
 * to itself, an address that is not safe becomes its text, a marker [n] that has a source becomes a button.
 */
import type { Element, ElementContent, Properties, Root, RootContent } from "hast";
import { targetOf } from "./targets";

export interface SafeOptions {
  /** Numbers of the sources that there are. */
  readonly citations: ReadonlySet<number>;
  /** What the ids of the footnotes begin with; the same text may stand on the page twice. */
  readonly idPrefix: string;
  /** The text is a part of a block that is shown elsewhere: only the list's items count, or the table's head, or its rows. */
  readonly part?: "items" | "head" | "rows" | undefined;
}

interface Place {
  readonly depth: number;
  readonly inLink: boolean;
  readonly inCode: boolean;
}

/** Deeper than this only the text is shown: browsers slow down, and nobody can read it. */
const DEEPEST = 60;

const PLAIN = new Set("em strong del br hr table thead tbody tr sup section".split(" "));
/** Blocks that find the direction of their own text. */
const DIRECTED = new Set("p h1 h2 h3 h4 h5 h6 ul li blockquote".split(" "));
const ALIGNMENTS = new Set(["left", "right", "center"]);
const CODE_CLASS = /^(?:language-[\w+#.-]{1,30}|math-inline|math-display)$/;

export function rehypeSafe(options: SafeOptions) {
  const cleaner = new Cleaner(options);
  return (tree: Root): void => {
    const children = options.part ? contentOf(tree, options.part) : tree.children;
    tree.children = cleaner.all(children, { depth: 0, inLink: false, inCode: false });
  };
}

const PARTS = { items: "li", head: "thead", rows: "tbody" } as const;

function contentOf(tree: Root, part: keyof typeof PARTS): RootContent[] {
  const blocks = tree.children.filter((child) => child.type === "element");
  return blocks.flatMap((block) => {
    // Nothing that was written is ever left out, even if the list was not all one list.
    const isList = block.tagName === "ul" || block.tagName === "ol";
    if (part === "items" && !isList) return [element("li", {}, [block])];
    return block.children.filter((child) => child.type === "element" && child.tagName === PARTS[part]);
  });
}

class Cleaner {
  constructor(private readonly options: SafeOptions) {}

  all(nodes: readonly RootContent[], place: Place): ElementContent[] {
    const cleaned = nodes.flatMap((node) => this.one(node, place));
    // Line ends are shown in paragraphs; one after a break would be a second.
    return cleaned.map((node, index) =>
      node.type === "text" && isBreak(cleaned[index - 1]) ? text(node.value.replace(/^\n/, "")) : node,
    );
  }

  private one(node: RootContent, place: Place): ElementContent[] {
    if (node.type === "text") return this.text(node.value, place);
    // HTML of the text. hast does not know the type, which the parser makes for it.
    if ((node.type as string) === "raw") {
      const html = text((node as unknown as { value: string }).value);
      return [place.depth === 0 ? element("p", { dir: "auto" }, [html]) : html];
    }
    if (node.type !== "element") return [];
    if (place.depth >= DEEPEST) return [text(textOf(node))];
    return this.element(node, { ...place, depth: place.depth + 1 });
  }

  private element(node: Element, place: Place): ElementContent[] {
    switch (node.tagName) {
      case "a":
        return this.link(node, place);
      case "img":
        return image(node, place);
      case "input":
        return [element("input", { checked: node.properties.checked === true })];
      case "pre":
      case "code":
        return [
          element(node.tagName, codeProperties(node), this.all(node.children, { ...place, inCode: true })),
        ];
      case "ol":
        return [element("ol", { dir: "auto", ...startOf(node) }, this.all(node.children, place))];
      case "td":
      case "th":
        return [element(node.tagName, cellProperties(node), this.all(node.children, place))];
      default:
        return this.plain(node, place);
    }
  }

  private plain(node: Element, place: Place): ElementContent[] {
    if (node.properties.id === "footnote-label") return [];
    const children = this.all(node.children, place);
    const isDirected = DIRECTED.has(node.tagName);
    if (!isDirected && !PLAIN.has(node.tagName)) return children;
    return [element(node.tagName, { ...(isDirected ? { dir: "auto" } : {}), ...this.idOf(node) }, children)];
  }

  private link(node: Element, place: Place): ElementContent[] {
    const { href } = node.properties;
    const children = this.all(node.children, { ...place, inLink: true });
    const inner = typeof href === "string" && href.startsWith(`#${this.options.idPrefix}`);
    if (inner) return [element("a", { href, ...this.idOf(node) }, children)];
    // As it was written: what its text looks like is judged by it.
    if (typeof href !== "string" || !targetOf(href) || place.inLink) return children;
    return [element("a", { href }, children)];
  }

  /** Only footnotes have one. */
  private idOf(node: Element): Properties {
    const { id } = node.properties;
    return typeof id === "string" && id.startsWith(this.options.idPrefix) ? { id } : {};
  }

  private text(value: string, { inLink, inCode }: Place): ElementContent[] {
    if (inLink || inCode || this.options.citations.size === 0) return [text(value)];
    // Every second piece is the number of a marker.
    return value.split(/\[(\d{1,4})\]/).flatMap((piece, index): ElementContent[] => {
      if (index % 2 === 0) return piece === "" ? [] : [text(piece)];
      const isSource = this.options.citations.has(Number(piece));
      return [isSource ? element("button", { value: String(Number(piece)) }) : text(`[${piece}]`)];
    });
  }
}

/** An image is never fetched; where it may be opened it is a link. */
function image(node: Element, { inLink }: Place): ElementContent[] {
  const alt = typeof node.properties.alt === "string" ? node.properties.alt : "";
  const { src } = node.properties;
  const isWeb = targetOf(src)?.href.startsWith("http") ?? false;
  return [element("img", { alt, ...(isWeb && !inLink && typeof src === "string" ? { longDesc: src } : {}) })];
}

function codeProperties(node: Element): Properties {
  const { className } = node.properties;
  const names = Array.isArray(className) ? className.map(String) : [];
  return { className: names.filter((name) => CODE_CLASS.test(name)) };
}

function cellProperties(node: Element): Properties {
  const { align } = node.properties;
  return typeof align === "string" && ALIGNMENTS.has(align) ? { dir: "auto", align } : { dir: "auto" };
}

function startOf(node: Element): Properties {
  const { start } = node.properties;
  return typeof start === "number" && Number.isSafeInteger(start) ? { start } : {};
}

function element(tagName: string, properties: Properties, children: ElementContent[] = []): Element {
  return { type: "element", tagName, properties, children };
}

const isBreak = (node: ElementContent | undefined): boolean =>
  node?.type === "element" && node.tagName === "br";

const text = (value: string): ElementContent => ({ type: "text", value });

/** Text of a tree, whatever its depth. */
function textOf(root: Element): string {
  const left: RootContent[] = [root];
  let found = "";
  for (let node = left.pop(); node; node = left.pop()) {
    if ("value" in node) found += node.value;
    if ("children" in node) left.push(...node.children.toReversed());
  }
  return found;
}
