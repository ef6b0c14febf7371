import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { useFormat } from "~/i18n/format";
import { showToast } from "~/state/toasts";
import { Badge } from "~/ui/Badge";
import { Button } from "~/ui/Button";
import { ProgressBar } from "~/ui/ProgressBar";
import styles from "./DocumentState.module.css";
import { type DocumentView, transport } from "./transport";
import { documentWatch } from "./uploads";

const TONES = { queued: "plain", processing: "accent", ready: "success", failed: "danger" } as const;

/** What became of a document: its state, its extent, how far its reading is, and why that failed. */
export function DocumentState({ view }: { readonly view: DocumentView }) {
  const { t } = useTranslation("documents");
  const { document_id: id, filename: name, status } = view;
  return (
    <>
      <p className={styles.line}>
        <Badge tone={TONES[status]}>{t(`status.${status}`)}</Badge>
        <Extent view={view} />
      </p>
      {status === "processing" && (
        <ProgressBar label={t("status.reading", { name })} value={view.progress ?? undefined} />
      )}
      {status === "failed" && (
        <div className={styles.failure}>
          <p>{view.error || t("error.reading_failed")}</p>
          <ReadAgain id={id} name={name} />
        </div>
      )}
    </>
  );
}

function Extent({ view }: { readonly view: DocumentView }) {
  const { t } = useTranslation("documents");
  const format = useFormat();
  const counted = (count: number): { count: number; number: string } => ({
    count,
    number: format.number(count),
  });
  const parts = [
    view.pages ? t("pages", counted(view.pages)) : undefined,
    view.chunks ? t("passages", counted(view.chunks)) : undefined,
    typeof view.size === "number" ? format.bytes(view.size) : undefined,
  ].filter((part) => part !== undefined);
  return (
    <>
      {parts.length > 0 && <span>{parts.join(" · ")}</span>}
      <time dateTime={view.updated_at} title={t("updated", { time: format.dateTime(view.updated_at) })}>
        {format.date(view.updated_at)}
      </time>
    </>
  );
}

function ReadAgain({ id, name }: { readonly id: string; readonly name: string }) {
  const { t } = useTranslation("documents");
  const { t: common } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  const retry = async (): Promise<void> => {
    setAsking(true);
    try {
      documentWatch.note(await transport.retry(id));
    } catch (error) {
      showToast({ kind: "error", text: t("retryFailed", { reason: errorText(common, error) }) });
    } finally {
      setAsking(false);
    }
  };
  return (
    <Button
      variant="quiet"
      icon="refresh"
      aria-label={t("readAgainOf", { name })}
      disabled={isAsking}
      onClick={() => void retry()}
    >
      {t("readAgain")}
    </Button>
  );
}
