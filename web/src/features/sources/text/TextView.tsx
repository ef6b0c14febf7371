import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { TextRange } from "../matching/align";
import { mainRange } from "../matching/main";
import type { Block } from "./blocks";
import styles from "./TextView.module.css";

/** Of more blocks than this only those in view are there. */
const MOST_AT_ONCE = 60;
/** Where in the view, from the top, the passage is put. */
const MARK_AT = 0.2;

interface TextViewProps {
  readonly label: string;
  readonly blocks: readonly Block[];
  readonly ranges: readonly TextRange[];
}

/** The text of a document, the passage highlighted and in view. */
export function TextView({ label, blocks, ranges }: TextViewProps) {
  const scroller = useRef<HTMLElement>(null);
  const handle = useRef<VirtualizerHandle>(null);
  const isLong = blocks.length > MOST_AT_ONCE;
  const main = useMemo(() => mainRange(ranges), [ranges]);
  const first = main?.piece;
  const byBlock = useMemo(() => grouped(ranges), [ranges]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another passage may begin in the same block.
  useLayoutEffect(() => {
    if (first === undefined) scroller.current?.scrollTo({ top: 0 });
    else if (isLong) handle.current?.scrollToIndex(first, { align: "start" });
    else showMark(scroller.current);
  }, [ranges, first, isLong]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  useEffect(() => {
    if (!isLong || first === undefined) return;
    // The block is in view by now; the passage may stand further down in it.
    const timer = setTimeout(() => showMark(scroller.current), 100);
    return () => clearTimeout(timer);
  }, [ranges, first, isLong]);

  const view = (block: Block, number: number) => (
    <BlockView key={number} block={block} ranges={byBlock.get(number) ?? []} main={main} />
  );
  return (
    <section
      ref={scroller}
      className={styles.scroller}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard.
      tabIndex={0}
    >
      {isLong ? (
        <Virtualizer ref={handle} data={blocks} keepMounted={first === undefined ? [] : [first]}>
          {view}
        </Virtualizer>
      ) : (
        blocks.map(view)
      )}
    </section>
  );
}

function grouped(ranges: readonly TextRange[]): ReadonlyMap<number, readonly TextRange[]> {
  const groups = new Map<number, TextRange[]>();
  for (const range of ranges) groups.set(range.piece, [...(groups.get(range.piece) ?? []), range]);
  return groups;
}

/** Not by `scrollIntoView`, which would move the page around the panel, too. */
function showMark(scroller: HTMLElement | null): void {
  const mark = scroller?.querySelector("mark[data-main]");
  if (!scroller || !mark) return;
  const top = mark.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  scroller.scrollTop += top - MARK_AT * scroller.clientHeight;
}

interface BlockViewProps {
  readonly block: Block;
  readonly ranges: readonly TextRange[];
  /** The one to bring into view, if it is one of these. */
  readonly main: TextRange | undefined;
}

function BlockView({ block, ranges, main }: BlockViewProps) {
  const { t } = useTranslation("sources");
  const page = block.page === undefined ? undefined : t("pageNumber", { page: block.page });
  return (
    <div className={styles.block} dir="auto">
      {block.isFirst && (page || block.section) && (
        <h3 className={styles.heading}>{[page, block.section].filter(Boolean).join(" · ")}</h3>
      )}
      {marked(block.text, ranges, main)}
    </div>
  );
}

function marked(text: string, ranges: readonly TextRange[], main: TextRange | undefined): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const range of ranges) {
    const mark = (
      <mark key={range.start} data-main={range === main || undefined}>
        {text.slice(range.start, range.end)}
      </mark>
    );
    parts.push(text.slice(at, range.start), mark);
    at = range.end;
  }
  return [...parts, text.slice(at)];
}
