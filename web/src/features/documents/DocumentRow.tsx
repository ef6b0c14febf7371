import { memo } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { usePanel } from "~/state/panel";
import { showToast } from "~/state/toasts";
import { IconButton } from "~/ui/Button";
import styles from "./DocumentRow.module.css";
import { DocumentState } from "./DocumentState";
import { FileName } from "./FileName";
import { focusNeighbour } from "./focus";
import { saveOriginal } from "./original";
import type { DocumentView } from "./transport";
import { useDelete } from "./useDelete";

interface DocumentRowProps {
  readonly view: DocumentView;
  readonly selected: boolean;
  readonly onSelect: (id: string, selected: boolean, range: boolean) => void;
  /** It was deleted, and there is no other row that could have the focus. */
  readonly onLastDeleted: () => void;
}

/** A document of the library. */
export const DocumentRow = memo(function DocumentRow({
  view,
  selected,
  onSelect,
  onLastDeleted,
}: DocumentRowProps) {
  const { t } = useTranslation("documents");
  const { t: common } = useTranslation();
  const openDocument = usePanel((state) => state.openDocument);
  const deleteDocuments = useDelete();
  const { document_id: id, filename: name } = view;

  const download = (): void => {
    saveOriginal(id, name).catch((error: unknown) =>
      showToast({ kind: "error", text: t("downloadFailed", { reason: errorText(common, error) }) }),
    );
  };
  return (
    <div className={selected ? `${styles.row} ${styles.selected}` : styles.row}>
      <input
        type="checkbox"
        className={styles.tick}
        aria-label={t("select", { name })}
        checked={selected}
        onChange={(event) => {
          const { shiftKey } = event.nativeEvent as unknown as { readonly shiftKey?: boolean };
          onSelect(id, event.target.checked, shiftKey === true);
        }}
      />
      <div className={styles.main}>
        <button
          type="button"
          className={styles.name}
          aria-label={t("preview", { name })}
          onClick={() => openDocument(id, name)}
        >
          <FileName path={name} />
        </button>
        <DocumentState view={view} />
      </div>
      <div className={styles.actions}>
        <IconButton icon="download" label={t("download", { name })} onClick={download} />
        <IconButton
          icon="trash"
          label={t("deleteOne", { name })}
          onClick={(event) => {
            if (!focusNeighbour(event.currentTarget)) onLastDeleted();
            deleteDocuments([view]);
          }}
        />
      </div>
    </div>
  );
});
