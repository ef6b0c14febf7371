import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { paths } from "~/app/routes";
import { IconButton } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { ProgressBar } from "~/ui/ProgressBar";
import { UploadAnnouncer } from "./UploadAnnouncer";
import styles from "./UploadIndicator.module.css";
import { countsOf, isBusy, overallProgress } from "./uploadItems";
import { dismissUploads, useUploads } from "./uploads";
import { useUnfinishedDocuments } from "./useDelete";
import { useUploadSummary } from "./useUploadSummary";

/** How uploads are getting on, on every page; the library shows more, and has no need of it. Mounted once, always. */
export function UploadIndicator() {
  const [location] = useLocation();
  const hasItems = useUploads((state) => state.items.length > 0);
  useUnfinishedDocuments();
  return (
    <>
      <UploadAnnouncer />
      {hasItems && location !== paths.library && <Pill />}
    </>
  );
}

function Pill() {
  const { t } = useTranslation("documents");
  const items = useUploads((state) => state.items);
  const holds = useUploads((state) => state.hold !== undefined);
  const summary = useUploadSummary();
  const counts = countsOf(items);
  const busy = isBusy(counts);
  return (
    <section className={styles.pill} aria-label={t("uploads.title")}>
      <Link href={paths.library} className={styles.link} title={t("uploads.show")}>
        <Icon name={counts.failed || holds ? "warning" : busy ? "upload" : "check"} />
        <span className={styles.text}>{summary}</span>
      </Link>
      {busy ? (
        <div className={styles.bar}>
          <ProgressBar label={t("uploads.progress")} value={overallProgress(items)} />
        </div>
      ) : (
        <IconButton
          icon="close"
          label={t("uploads.clear")}
          onClick={() => dismissUploads(items.map(({ id }) => id))}
        />
      )}
    </section>
  );
}
