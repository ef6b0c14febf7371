import { memo, useEffect, useId, useMemo, useRef } from "react";
import type { Citation } from "~/state/panel";
import { splitBlocks } from "./blocks";
import { MarkdownContext } from "./context";
import { components, Table } from "./elements";
import { isTooComplex } from "./limits";
import { type LongBlock, splitLong } from "./longBlocks";
import styles from "./Markdown.module.css";
import { parse } from "./parse";
import type { SafeOptions } from "./safeTree";
import { completeTail } from "./tail";

export interface MarkdownProps {
  readonly text: string;
  /** Text is still being added at the end. */
  readonly streaming?: boolean;
  /** What the markers [n] of the text stand for. */
  readonly citations?: readonly Citation[];
  readonly onCitation?: (number: number) => void;
}

const NO_CITATIONS: readonly Citation[] = [];

/** Text of a model as React elements; never HTML, never anything fetched. */
export const Markdown = memo(function Markdown({
  text,
  streaming = false,
  citations = NO_CITATIONS,
  onCitation,
}: MarkdownProps) {
  const idPrefix = `md${useId().replace(/\W/g, "")}-`;
  const blocks = useMemo(() => splitBlocks(text), [text]);
  // Read when a marker is clicked, so that a new function of the parent's does not render every block again.
  const latest = useRef(onCitation);
  useEffect(() => {
    latest.current = onCitation;
  }, [onCitation]);
  const canOpen = onCitation !== undefined;
  const content = useMemo(() => {
    const known = canOpen ? citations.map((each) => [each.number, each] as const) : [];
    const onOpen = (number: number): void => latest.current?.(number);
    return { citations: new Map(known), onCitation: onOpen, isOpen: false };
  }, [citations, canOpen]);
  const openContent = useMemo(() => ({ ...content, isOpen: true }), [content]);
  const numbers = [...content.citations.keys()].join(" ");
  return (
    <div className={styles.markdown}>
      {blocks.map((block, index) => {
        const isOpen = streaming && index === blocks.length - 1;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks are only added at the end, never moved.
          <MarkdownContext key={index} value={isOpen ? openContent : content}>
            <Block text={isOpen ? completeTail(block) : block} numbers={numbers} idPrefix={idPrefix} />
          </MarkdownContext>
        );
      })}
    </div>
  );
});

interface BlockProps {
  readonly text: string;
  /** Numbers of the sources, as one string, so that it compares as a value. */
  readonly numbers: string;
  readonly idPrefix: string;
}

const Block = memo(function Block({ text, ...rest }: BlockProps) {
  const long = useMemo(() => (isTooComplex(text) ? undefined : splitLong(text)), [text]);
  return long ? <PartedBlock long={long} {...rest} /> : <Piece text={text} {...rest} />;
});

/** One list or table, though each of its parts is parsed alone. */
function PartedBlock({ long, ...rest }: Omit<BlockProps, "text"> & { readonly long: LongBlock }) {
  const { kind, start, head, parts } = long;
  const rows = parts.map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts are only added at the end, never moved.
    <Piece key={index} text={head + part} part={kind === "table" ? "rows" : "items"} {...rest} />
  ));
  if (kind === "ul") return <ul dir="auto">{rows}</ul>;
  if (kind === "ol") {
    return (
      <ol dir="auto" start={start}>
        {rows}
      </ol>
    );
  }
  return (
    <Table>
      <Piece text={head} part="head" {...rest} />
      {rows}
    </Table>
  );
}

const Piece = memo(function Piece({
  text,
  numbers,
  idPrefix,
  part,
}: BlockProps & { readonly part?: SafeOptions["part"] }) {
  const parsed = useMemo(() => {
    const citations = new Set(numbers === "" ? [] : numbers.split(" ").map(Number));
    return parse(text, { citations, idPrefix, part, components });
  }, [text, numbers, idPrefix, part]);
  if (parsed) return parsed;
  const plain = (
    <p dir="auto" className={styles.plain}>
      {text}
    </p>
  );
  if (part === "items") return <li>{plain}</li>;
  return part ? null : plain;
});
