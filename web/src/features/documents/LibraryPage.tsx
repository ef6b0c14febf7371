import { useDeferredValue, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { AddButtons } from "./AddButtons";
import { DocumentRow } from "./DocumentRow";
import styles from "./LibraryPage.module.css";
import { LibraryToolbar } from "./LibraryToolbar";
import { isSwitchedOff, ListingState } from "./ListingState";
import { LongList } from "./LongList";
import { foundBy, inOrder, type Order } from "./library";
import { UploadTray } from "./UploadTray";
import { useDocuments } from "./useDocuments";
import { useSelection } from "./useSelection";

const POLL = 20_000;

/** All documents: what became of each, and what can be done about it. */
export function LibraryPage() {
  const { t } = useTranslation("documents");
  const format = useFormat();
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState<Order>("name");
  const search = useDeferredValue(query.trim());
  // The server sorts by name; whatever looks at all of them needs all of them.
  const listing = useDocuments({ all: search !== "" || order !== "name", poll: POLL });
  const { documents, hasMore } = listing;
  const shown = useMemo(() => inOrder(foundBy(documents, search), order), [documents, search, order]);
  const selection = useSelection(shown, documents);
  const heading = useRef<HTMLHeadingElement>(null);
  const toHeading = useRef(() => heading.current?.focus());

  const number = format.number(documents.length);
  return (
    <div className={styles.page}>
      <header className={styles.header}>
        <h1 ref={heading} tabIndex={-1}>
          {t("title")}
        </h1>
        {documents.length > 0 && (
          <p className={styles.count}>
            {t(hasMore ? "countAtLeast" : "count", { count: documents.length, number })}
          </p>
        )}
        {!isSwitchedOff(listing.error) && <AddButtons />}
      </header>
      {documents.length > 0 && (
        <LibraryToolbar
          query={query}
          onQuery={setQuery}
          order={order}
          onOrder={setOrder}
          selection={selection}
          onDeleted={toHeading.current}
        />
      )}
      {shown.length > 0 ? (
        <LongList
          label={t("list")}
          items={shown}
          keyOf={(view) => view.document_id}
          className={styles.list}
          onEnd={listing.loadMore}
        >
          {(view) => (
            <DocumentRow
              view={view}
              selected={selection.selected.has(view.document_id)}
              onSelect={selection.tick}
              onLastDeleted={toHeading.current}
            />
          )}
        </LongList>
      ) : (
        <div className={styles.state}>
          <ListingState listing={listing} query={search} />
        </div>
      )}
      {listing.isLoadingMore && (
        <p className={styles.more} role="status">
          {t("loadingMore")}
        </p>
      )}
      <UploadTray />
    </div>
  );
}
