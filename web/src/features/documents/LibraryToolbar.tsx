import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { fieldStyles } from "~/ui/Field";
import styles from "./LibraryToolbar.module.css";
import type { Order } from "./library";
import { useDelete } from "./useDelete";
import type { Selection } from "./useSelection";

interface LibraryToolbarProps {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
  readonly selection: Selection;
  /** What had the focus is gone. */
  readonly onDeleted: () => void;
}

/** Search, order, and what can be done with several documents at once. */
export function LibraryToolbar({
  query,
  onQuery,
  order,
  onOrder,
  selection,
  onDeleted,
}: LibraryToolbarProps) {
  const { t } = useTranslation("documents");
  const deleteDocuments = useDelete();
  const { documents, isAll, tickAll } = selection;
  return (
    <div className={styles.toolbar}>
      <input
        type="checkbox"
        className={styles.tick}
        aria-label={t("selectAll")}
        title={t("selectAll")}
        checked={isAll}
        ref={(box) => {
          if (box) box.indeterminate = !isAll && documents.length > 0;
        }}
        onChange={(event) => tickAll(event.target.checked)}
      />
      {documents.length > 0 ? (
        <div className={styles.selected}>
          <p role="status">{t("selected", { count: documents.length })}</p>
          <Button
            variant="danger"
            icon="trash"
            onClick={() => {
              deleteDocuments(documents);
              tickAll(false);
              onDeleted();
            }}
          >
            {t("deleteSelected")}
          </Button>
          <Button
            variant="quiet"
            onClick={() => {
              tickAll(false);
              onDeleted();
            }}
          >
            {t("clearSelection")}
          </Button>
        </div>
      ) : (
        <>
          <input
            type="search"
            className={`${fieldStyles.control} ${styles.search}`}
            aria-label={t("search")}
            placeholder={t("search")}
            value={query}
            onChange={(event) => onQuery(event.target.value)}
          />
          <select
            className={`${fieldStyles.control} ${styles.order}`}
            aria-label={t("sort")}
            value={order}
            onChange={(event) => onOrder(event.target.value === "time" ? "time" : "name")}
          >
            <option value="name">{t("sortName")}</option>
            <option value="time">{t("sortTime")}</option>
          </select>
        </>
      )}
    </div>
  );
}
