import { useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "~/ui/Button";
import { ProgressBar } from "~/ui/ProgressBar";
import { LongList } from "./LongList";
import { UploadHold } from "./UploadHold";
import { UploadRow } from "./UploadRow";
import styles from "./UploadTray.module.css";
import { countsOf, isBusy, isOver, overallProgress, type UploadItem } from "./uploadItems";
import { cancelUploads, dismissUploads, retryUploads, useUploads } from "./uploads";
import { useUploadSummary } from "./useUploadSummary";

const TALL = "(min-height: 40rem)";

/** All files of this page's uploads, with what can be done about them. */
export function UploadTray() {
  const { t } = useTranslation("documents");
  const items = useUploads((state) => state.items);
  // On a low screen it would leave nothing of the page.
  const [isOpen, setOpen] = useState(() => matchMedia(TALL).matches);
  const summary = useUploadSummary();
  const listId = useId();
  const ordered = useMemo(() => failedFirst(items), [items]);
  if (!items.length) return null;

  const counts = countsOf(items);
  const idsOf = (wanted: (item: UploadItem) => boolean): number[] => items.filter(wanted).map(({ id }) => id);
  return (
    <section className={styles.tray} aria-label={t("uploads.title")}>
      <div className={styles.header}>
        <p className={styles.summary}>{summary}</p>
        <div className={styles.actions}>
          {counts.waiting + counts.uploading > 1 && (
            <Button variant="quiet" onClick={() => cancelUploads(idsOf(() => true))}>
              {t("uploads.cancelAll")}
            </Button>
          )}
          {counts.failed > 1 && (
            <Button
              variant="quiet"
              icon="refresh"
              onClick={() => retryUploads(idsOf(({ state }) => state.name === "failed"))}
            >
              {t("uploads.retryAll")}
            </Button>
          )}
          {!isBusy(counts) && (
            <Button variant="quiet" onClick={() => dismissUploads(idsOf(({ state }) => isOver(state)))}>
              {t("uploads.clear")}
            </Button>
          )}
        </div>
        <IconButton
          icon="chevronDown"
          className={isOpen ? undefined : styles.closed}
          label={t(isOpen ? "uploads.collapse" : "uploads.expand")}
          aria-expanded={isOpen}
          aria-controls={listId}
          onClick={() => setOpen(!isOpen)}
        />
      </div>
      {isBusy(counts) && <ProgressBar label={t("uploads.progress")} value={overallProgress(items)} />}
      <UploadHold />
      <div id={listId} hidden={!isOpen}>
        {isOpen && (
          <LongList label={t("uploads.files")} items={ordered} keyOf={({ id }) => id} className={styles.list}>
            {(item) => <UploadRow item={item} />}
          </LongList>
        )}
      </div>
    </section>
  );
}

/** What asks for something to be done stands where it is seen; the rest stays in its order. */
function failedFirst(items: readonly UploadItem[]): readonly UploadItem[] {
  const failed = items.filter(({ state }) => state.name === "failed");
  return failed.length ? [...failed, ...items.filter(({ state }) => state.name !== "failed")] : items;
}
