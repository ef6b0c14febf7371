import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { errorText } from "~/i18n/errorText";
import { Button, IconButton } from "~/ui/Button";
import { focusIfLost } from "~/ui/focus";
import { useOlderMessages } from "./conversation";
import { useEditing } from "./editing";
import styles from "./MessageList.module.css";
import { RowView } from "./RowView";
import type { Row } from "./rows";
import { useStickToEnd } from "./useStickToEnd";

interface MessageListProps {
  readonly conversationId: string;
  readonly rows: readonly Row[];
}

/** Pixels above the view: older messages are asked for before anybody arrives there. */
const AHEAD = 6_000;
/** Pixels beyond the view that are drawn already, so that a quick scroll shows no gaps. */
const BUFFER = 600;
/** A guess at the height of a row that was never drawn. One of the list's own would move everything once it changes its mind. */
const ROW = 160;
/** Pixels above the first message, as the style sheet has them. */
const TOP = 16;

/** The messages, of which only those in view are drawn. Opens at the end; older ones come as somebody scrolls up. */
export function MessageList({ conversationId, rows }: MessageListProps) {
  const { t } = useTranslation("chat");
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLElement>(null);
  const { isAtEnd, goToEnd, goTo, onScroll, onChange } = useStickToEnd(list, scroller);
  const older = useOlderMessages(conversationId);
  const shift = useArrivedBefore(rows);

  const { load } = older;
  const hasFailed = older.error !== undefined;
  const onMove = useCallback(() => {
    const staysAtEnd = onScroll();
    // What has failed is tried again when somebody asks for it, not with every movement.
    if (!staysAtEnd && !hasFailed && (list.current?.scrollOffset ?? AHEAD) < AHEAD) void load();
  }, [onScroll, load, hasFailed]);

  const asked = rows.findLast((row) => row.kind === "question")?.key;
  // biome-ignore lint/correctness/useExhaustiveDependencies: at the beginning, and whenever something was asked.
  useLayoutEffect(goToEnd, [asked, goToEnd]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever rows have come or gone.
  useLayoutEffect(onChange, [rows, onChange]);

  const opened = useEditing((state) => state.opened);
  useLayoutEffect(() => {
    const index = opened === undefined ? -1 : rows.findIndex((row) => isQuestion(row, opened));
    if (index >= 0) goTo(index);
  }, [opened, rows, goTo]);

  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section ref={scroller} className={styles.scroller} aria-label={t("messages")} tabIndex={0}>
        <Virtualizer
          ref={list}
          data={rows}
          shift={shift}
          bufferSize={BUFFER}
          itemSize={ROW}
          startMargin={TOP}
          onScroll={onMove}
          onResize={onChange}
        >
          {(row) => <RowView key={row.key} row={row} conversationId={conversationId} />}
        </Virtualizer>
      </section>
      <OlderNotice {...older} scroller={scroller} />
      {!isAtEnd && (
        <IconButton icon="arrowDown" label={t("toLatest")} className={styles.toEnd} onClick={goToEnd} />
      )}
    </div>
  );
}

const isQuestion = (row: Row, messageId: string): boolean =>
  row.kind === "question" && row.message?.message_id === messageId;

interface OlderNoticeProps extends ReturnType<typeof useOlderMessages> {
  /** Gets the focus when the button that had it goes away. */
  readonly scroller: RefObject<HTMLElement | null>;
}

function OlderNotice({ load, isLoading, error, scroller }: OlderNoticeProps) {
  const { t } = useTranslation("chat");
  const { t: common } = useTranslation();
  if (error) {
    return (
      <div className={styles.older} role="alert">
        {t("older.failed", { error: errorText(common, error) })}
        <Button
          variant="quiet"
          aria-disabled={isLoading}
          onClick={() => void load().then(() => focusIfLost(() => scroller.current))}
        >
          {common("retry")}
        </Button>
      </div>
    );
  }
  return isLoading ? <span className="visually-hidden">{t("older.loading")}</span> : null;
}

/** Whether rows have come before those that were drawn last: then the place in view is kept, counted from the end. */
function useArrivedBefore(rows: readonly Row[]): boolean {
  const drawn = useRef<{ readonly first: string | undefined; readonly count: number }>({
    first: undefined,
    count: 0,
  });
  const { first, count } = drawn.current;
  const arrived =
    first !== undefined && rows.length > count && rows[0]?.key !== first && rows.at(-count)?.key === first;
  useEffect(() => {
    drawn.current = { first: rows[0]?.key, count: rows.length };
  }, [rows]);
  return arrived;
}
