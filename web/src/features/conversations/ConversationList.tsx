import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "wouter/use-browser-location";
import { paths } from "~/app/routes";
import { useAnsweringIds } from "~/features/chat/liveTurns";
import { errorText } from "~/i18n/errorText";
import { usePending } from "~/state/undoable";
import { Button, IconButton } from "~/ui/Button";
import { EmptyState } from "~/ui/EmptyState";
import { Skeleton } from "~/ui/Skeleton";
import styles from "./ConversationList.module.css";
import { ConversationRow, type RowEvents } from "./ConversationRow";
import { focusSearch } from "./commands";
import { DayHeading } from "./DayHeading";
import { MoreRow } from "./MoreRow";
import { useConversations, useOlderPages } from "./queries";
import { RowList, type RowListHandle } from "./RowList";
import { nextItem, rowOf, rowsOf } from "./rows";
import { SearchBox } from "./SearchBox";
import { SearchStatus } from "./SearchStatus";
import { pendingKey, useActions, useUnfinishedDeletes } from "./useActions";
import { useTitleSearch } from "./useTitleSearch";
import { useToday } from "./useToday";

const ImportDialog = lazy(() => import("~/features/importing/ImportDialog"));

interface ConversationListProps {
  /** The one that is open. */
  readonly currentId: string | undefined;
  /** One was chosen: whoever shows the list over the page closes it. */
  readonly onChosen: () => void;
}

/** The conversations of the sidebar: by day, searched by title, renamed, exported and deleted. Fills the height that it is given. */
export function ConversationList({ currentId, onChosen }: ConversationListProps) {
  const { t } = useTranslation("conversations");
  const { t: common } = useTranslation();
  const listing = useConversations();
  const older = useOlderPages();
  const pending = usePending();
  const answering = useAnsweringIds();
  const actions = useActions();
  useUnfinishedDeletes();
  const today = useToday();
  const [query, setQuery] = useState("");
  const [renamingId, setRenamingId] = useState<string>();
  const [importing, setImporting] = useState(false);
  const list = useRef<RowListHandle>(null);

  const cursor = listing.data?.cursor;
  const items = useMemo(
    () => (listing.data?.items ?? []).filter((item) => !pending.has(pendingKey(item.conversation_id))),
    [listing.data, pending],
  );
  const { words, found } = useTitleSearch(query, items, cursor, older);
  const rows = useMemo(() => rowsOf(found, today, cursor !== undefined), [found, today, cursor]);
  const searching = words.length > 0;

  const latest = useRef({ rows, onChosen });
  latest.current = { rows, onChosen };
  const events = useMemo<RowEvents>(
    () => ({
      onChosen: () => latest.current.onChosen(),
      onRename: (item) => setRenamingId(item.conversation_id),
      onRenamed: (item, title, hadFocus) => {
        setRenamingId(undefined);
        if (title !== undefined) actions.rename(item, title);
        if (hadFocus) list.current?.focus(item.conversation_id);
      },
      onRemove: (item) => {
        const { rows: now } = latest.current;
        const at = rowOf(now, item.conversation_id);
        const neighbour = now[Math.max(nextItem(now, at, 1), nextItem(now, at, -1))];
        actions.remove(item);
        // Else the focus would go with the row that had it.
        if (!list.current?.focus(neighbour?.key)) focusSearch();
      },
      onSave: actions.save,
    }),
    [actions],
  );

  const loaded = listing.data !== undefined;
  useEffect(() => {
    if (loaded && currentId !== undefined) list.current?.show(currentId);
  }, [loaded, currentId]);

  const openFirst = (): void => {
    const first = found[0];
    if (!first) return;
    navigate(paths.conversation(first.conversation_id));
    onChosen();
  };
  const importButton = (
    <Button icon="upload" onClick={() => setImporting(true)}>
      {t("import")}
    </Button>
  );
  return (
    <nav className={styles.root} aria-label={t("label")}>
      <div className={styles.top}>
        <SearchBox
          query={query}
          onQuery={(next) => {
            setQuery(next);
            list.current?.toTop();
          }}
          onDown={() => list.current?.focusFirst()}
          onEnter={openFirst}
        />
        <IconButton icon="upload" label={t("import")} onClick={() => setImporting(true)} />
      </div>
      {searching && (
        <SearchStatus
          found={found.length}
          looked={items.length}
          complete={cursor === undefined}
          query={query}
        />
      )}
      {listing.isPending && (
        <div className={styles.waiting}>
          <Skeleton lines={8} />
        </div>
      )}
      {listing.isError && !loaded && (
        <EmptyState
          icon="warning"
          tone="danger"
          level={3}
          title={t("failed")}
          actions={<Button onClick={() => void listing.refetch()}>{common("retry")}</Button>}
        >
          {errorText(common, listing.error)}
        </EmptyState>
      )}
      {loaded && items.length === 0 && cursor === undefined && (
        <EmptyState icon="chat" level={3} title={t("emptyTitle")} actions={importButton}>
          {t("empty")}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <RowList
          ref={list}
          rows={rows}
          currentId={currentId}
          keptId={renamingId}
          onLeave={() => focusSearch()}
          render={(row, tabStop) => {
            if (row.kind === "heading") return <DayHeading key={row.key} group={row.group} />;
            if (row.kind === "more") return <MoreRow key={row.key} older={older} searching={searching} />;
            return (
              <ConversationRow
                key={row.key}
                item={row.item}
                current={row.key === currentId}
                answering={answering.has(row.key)}
                renaming={row.key === renamingId}
                tabStop={tabStop}
                words={words}
                events={events}
              />
            );
          }}
        />
      )}
      {importing && (
        <Suspense>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </nav>
  );
}
