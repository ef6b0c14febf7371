import {
  type KeyboardEvent,
  type ReactElement,
  type Ref,
  useImperativeHandle,
  useRef,
  useState,
} from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import styles from "./ConversationList.module.css";
import { nextItem, type Row, rowOf } from "./rows";

/** Height of a row in pixels until it is measured. */
const ROW_HEIGHT = 36;
/** How many frames a row has to come into the document when it shall have the focus. */
const FRAMES = 30;

export interface RowListHandle {
  /** Gives the focus to a conversation, wherever it stands. */
  readonly focus: (id: string | undefined) => boolean;
  readonly focusFirst: () => boolean;
  readonly toTop: () => void;
  /** Brings a conversation into sight, if it is not. */
  readonly show: (id: string) => void;
}

interface RowListProps {
  readonly ref: Ref<RowListHandle>;
  readonly rows: readonly Row[];
  readonly currentId: string | undefined;
  /** A row that must not go away while it is out of sight. */
  readonly keptId: string | undefined;
  /** Up from the first row. */
  readonly onLeave: () => void;
  readonly render: (row: Row, tabStop: boolean) => ReactElement;
}

/**
 * The rows, of which only those in sight are in the document. One conversation is a stop of the Tab key, the arrow keys lead to the
 * others: nobody has to press Tab through thousands of them.
 */
export function RowList({ ref, rows, currentId, keptId, onLeave, render }: RowListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRef<VirtualizerHandle>(null);
  const [activeId, setActiveId] = useState<string>();
  // Stays in the document until another has the focus: the focus would go with it.
  const [focusedId, setFocusedId] = useState<string>();
  const wanted = useRef<{ readonly id: string; frames: number }>(undefined);

  const first = nextItem(rows, -1, 1);
  const stop = [rowOf(rows, activeId), rowOf(rows, currentId), first].find((index) => index >= 0) ?? -1;

  const give = (): void => {
    const want = wanted.current;
    if (!want) return;
    const link = linkOf(scroller.current, want.id);
    link?.focus({ preventScroll: true });
    want.frames -= 1;
    if ((link && document.activeElement === link) || want.frames < 0) wanted.current = undefined;
    // Not in the document yet, or hidden until its place is known.
    else requestAnimationFrame(give);
  };

  const focusRow = (index: number): boolean => {
    const row = rows[index];
    if (row?.kind !== "item") return false;
    wanted.current = { id: row.key, frames: FRAMES };
    setActiveId(row.key);
    virtual.current?.scrollToIndex(index, { align: "nearest" });
    give();
    return true;
  };
  useImperativeHandle(ref, () => ({
    focus: (id) => focusRow(rowOf(rows, id)),
    focusFirst: () => focusRow(first),
    toTop: () => virtual.current?.scrollTo(0),
    show: (id) => {
      const index = rowOf(rows, id);
      if (index >= 0) virtual.current?.scrollToIndex(index, { align: "nearest" });
    },
  }));

  const onKeyDown = (event: KeyboardEvent): void => {
    const link = event.target instanceof HTMLElement ? event.target.closest("a") : null;
    const at = link ? rowOf(rows, idOf(link)) : -1;
    if (at < 0) return;
    const to = targetOf(event.key, rows, at);
    if (to === undefined) return;
    event.preventDefault();
    if (!focusRow(to) && event.key === "ArrowUp") onLeave();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the links inside; it takes none itself.
    <div
      ref={scroller}
      className={styles.scroller}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const id = idOf(event.target);
        if (id === undefined) return;
        setActiveId(id);
        setFocusedId(id);
      }}
    >
      <Virtualizer
        ref={virtual}
        as="ul"
        item="li"
        data={rows}
        itemSize={ROW_HEIGHT}
        bufferSize={400}
        keepMounted={[stop, rowOf(rows, focusedId), rowOf(rows, keptId)].filter((index) => index >= 0)}
      >
        {(row, index) => render(row, index === stop)}
      </Virtualizer>
    </div>
  );
}

/** The row that a key leads to, -1 where it leads out of the list; `undefined` for other keys. */
function targetOf(key: string, rows: readonly Row[], at: number): number | undefined {
  if (key === "ArrowDown") return nextItem(rows, at, 1);
  if (key === "ArrowUp") return nextItem(rows, at, -1);
  if (key === "Home") return nextItem(rows, -1, 1);
  if (key === "End") return nextItem(rows, rows.length, -1);
  return undefined;
}

const idOf = (element: Element): string | undefined =>
  element.closest<HTMLElement>("[data-conversation]")?.dataset.conversation;

const linkOf = (root: HTMLElement | null, id: string): HTMLElement | null =>
  root?.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(id)}"] a`) ?? null;
