/** How each element of a text is drawn. What may stand here at all, safeTree.ts decides. */
import { type ReactNode, use } from "react";
import { useTranslation } from "react-i18next";
import type { Components } from "react-markdown";
import { CodeBlock } from "./CodeBlock";
import { MarkdownContext } from "./context";
import { Formula } from "./Formula";
import { ImageChip, TextLink } from "./Links";
import styles from "./Markdown.module.css";
import { ScrollArea } from "./ScrollArea";

type Parts<Tag extends keyof React.JSX.IntrinsicElements> = React.ComponentProps<Tag>;

function CitationMarker({ value }: Parts<"button">) {
  const { t } = useTranslation("markdown");
  const { citations, onCitation } = use(MarkdownContext);
  const number = Number(value);
  const citation = citations.get(number);
  if (!citation) return `[${number}]`;
  const { document, page } = citation;
  const name = page ? t("sourceAtPage", { number, document, page }) : t("source", { number, document });
  return (
    <button
      type="button"
      className={styles.citation}
      aria-label={name}
      title={name}
      onClick={() => onCitation(number)}
    >
      {number}
    </button>
  );
}

function TaskMark({ checked }: Parts<"input">) {
  const { t } = useTranslation("markdown");
  return (
    <span role="img" className={styles.task} aria-label={checked ? t("taskDone") : t("taskOpen")}>
      {checked ? "☑" : "☐"}
    </span>
  );
}

export function Table({ children }: Parts<"table">) {
  const { t } = useTranslation("markdown");
  return (
    <ScrollArea label={t("table")} className={styles.tableScroll}>
      <table>{children}</table>
    </ScrollArea>
  );
}

function Footnotes({ children }: Parts<"section">) {
  const { t } = useTranslation("markdown");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls.
    <div role="group" aria-label={t("footnotes")} className={styles.footnotes}>
      {children}
    </div>
  );
}

function InlineCode({ className, children }: Parts<"code">) {
  const source = textOf(children);
  if (className?.includes("math-display")) return <Formula source={source} display />;
  if (className?.includes("math-inline")) return <Formula source={source} />;
  return (
    <code dir="ltr" className={styles.code}>
      {children}
    </code>
  );
}

/** A `pre` always holds one `code`, which says the language, or that it is math. */
function Preformatted({ node }: Parts<"pre"> & { node?: PreNode | undefined }) {
  const code = node?.children.find((child) => child.type === "element");
  const names = code?.properties?.className;
  const className = Array.isArray(names) ? names.join(" ") : "";
  const source = (code?.children ?? []).map((child) => child.value ?? "").join("");
  if (className.includes("math-display")) return <Formula source={source} display />;
  return <CodeBlock code={source.replace(/\n$/, "")} language={/language-(\S+)/.exec(className)?.[1]} />;
}

/** The part of hast's Element that is read. */
interface PreNode {
  readonly children: readonly {
    readonly type: string;
    readonly value?: string;
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly children?: readonly { readonly value?: string }[];
  }[];
}

function Cell({ as: Tag, children, style, dir }: Parts<"td"> & { readonly as: "td" | "th" }) {
  const align = style?.textAlign;
  const className = align === "right" || align === "center" ? styles[align] : undefined;
  return (
    <Tag dir={dir} className={className}>
      {children}
    </Tag>
  );
}

/** The page has headings of its own: those of a text stand below them, and look as the author meant. */
function Heading({ level, children, dir }: Parts<"h3"> & { readonly level: number }) {
  const Tag = `h${Math.min(level + 2, 6)}` as "h3" | "h4" | "h5" | "h6";
  return (
    <Tag dir={dir} className={styles[`level${level}`]}>
      {children}
    </Tag>
  );
}

function textOf(children: ReactNode): string {
  if (typeof children === "string") return children;
  return Array.isArray(children) ? children.map(textOf).join("") : "";
}

export const components: Components = {
  a: ({ href, id, children }) => (
    <TextLink href={href} id={id}>
      {children}
    </TextLink>
  ),
  img: ({ alt, node }) => <ImageChip alt={alt ?? ""} href={node?.properties.longDesc} />,
  button: CitationMarker,
  input: TaskMark,
  table: Table,
  section: Footnotes,
  code: InlineCode,
  pre: ({ node }) => <Preformatted node={node as PreNode | undefined} />,
  td: (props) => <Cell as="td" {...props} />,
  th: (props) => <Cell as="th" {...props} />,
  h1: (props) => <Heading level={1} {...props} />,
  h2: (props) => <Heading level={2} {...props} />,
  h3: (props) => <Heading level={3} {...props} />,
  h4: (props) => <Heading level={4} {...props} />,
  h5: (props) => <Heading level={5} {...props} />,
  h6: (props) => <Heading level={6} {...props} />,
};
