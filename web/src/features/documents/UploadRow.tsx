import { memo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { IconButton } from "~/ui/Button";
import { ProgressBar } from "~/ui/ProgressBar";
import { FileName } from "./FileName";
import { focusLast, focusNeighbour } from "./focus";
import styles from "./UploadRow.module.css";
import { isOver, progressOf, type UploadItem } from "./uploadItems";
import { cancelUploads, dismissUploads, retryUploads } from "./uploads";
import { useUploadText } from "./useUploadText";

/** One file of the tray: its name, how far it is, what can be done about it. */
export const UploadRow = memo(function UploadRow({ item }: { readonly item: UploadItem }) {
  const { t } = useTranslation("documents");
  const format = useFormat();
  const textOf = useUploadText();
  const { id, path: name, state } = item;
  const isMoving = state.name === "uploading" || state.name === "processing";
  const canCancel = state.name === "waiting" || state.name === "uploading";
  const canRetry = state.name === "failed" || state.name === "cancelled";
  return (
    <div className={styles.row}>
      <div className={styles.main}>
        <div className={styles.line}>
          <FileName path={name} />
          <span className={styles.size}>{format.bytes(item.size)}</span>
        </div>
        {isMoving && <ProgressBar label={t("uploads.progressOf", { name })} value={progressOf(item)} />}
        <p className={state.name === "failed" ? styles.failed : styles.state}>
          {textOf(item)}
          {item.replaces && !canRetry && (
            <> · {t(item.replaces === "document" ? "uploads.replacesDocument" : "uploads.replacesChosen")}</>
          )}
        </p>
      </div>
      {canRetry && (
        <IconButton
          icon="refresh"
          label={t("uploads.retry", { name })}
          onClick={(event) => {
            // This button goes away.
            focusLast(event.currentTarget.parentElement);
            retryUploads([id]);
          }}
        />
      )}
      {(canCancel || isOver(state)) && (
        <IconButton
          icon="close"
          label={t(canCancel ? "uploads.cancel" : "uploads.dismiss", { name })}
          onClick={(event) => {
            if (canCancel) return cancelUploads([id]);
            focusNeighbour(event.currentTarget);
            dismissUploads([id]);
          }}
        />
      )}
    </div>
  );
});
