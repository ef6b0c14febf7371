import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { useFormat } from "~/i18n/format";
import { Button } from "~/ui/Button";
import { ProgressBar } from "~/ui/ProgressBar";
import { saveFile } from "~/ui/saveFile";
import { conversationsOfApi } from "./conversationsOfApi";
import type { Exported, ExportFormat, ExportProgress } from "./exportAll";
import styles from "./SettingsPage.module.css";

/** Saves all conversations as one file. */
export function ExportAll() {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const { progress, outcome, error, start, cancel } = useExport();
  const running = progress !== undefined;
  return (
    <div className={styles.row}>
      <h3>{t("export.title")}</h3>
      <p className={styles.muted}>{t("export.text")}</p>
      {running ? (
        <Running progress={progress} onCancel={cancel} />
      ) : (
        <div className={styles.actions}>
          <Button icon="download" onClick={() => void start("json")}>
            {t("export.json")}
          </Button>
          <Button icon="download" onClick={() => void start("markdown")}>
            {t("export.markdown")}
          </Button>
        </div>
      )}
      <div>
        <div role="status">{!running && outcome && <Outcome outcome={outcome} />}</div>
        <div role="alert">
          {error !== undefined && <p className={styles.problem}>{errorText(common, error)}</p>}
        </div>
      </div>
    </div>
  );
}

function Running(props: { readonly progress: ExportProgress; readonly onCancel: () => void }) {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const format = useFormat();
  const { done, total } = props.progress;
  const text =
    total === undefined
      ? t("export.counting")
      : t("export.progress", { done: format.number(done), total: format.number(total) });
  return (
    <>
      <p>{text}</p>
      <ProgressBar
        label={t("export.title")}
        value={total === undefined ? undefined : done / Math.max(1, total)}
      />
      <div className={styles.actions}>
        <Button onClick={props.onCancel}>{common("cancel")}</Button>
      </div>
    </>
  );
}

function Outcome({ outcome }: { readonly outcome: Exported }) {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const { count, failed } = outcome;
  if (!count && !failed.length) return <p>{t("export.nothing")}</p>;
  return (
    <>
      <p>{t("export.done", { count })}</p>
      {failed.length > 0 && (
        <>
          <p className={styles.problem}>{t("export.failed", { count: failed.length })}</p>
          <ul>
            {failed.slice(0, 20).map(({ title, error }) => (
              <li key={title} dir="auto">
                {title}: {errorText(common, error)}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function useExport() {
  const [progress, setProgress] = useState<ExportProgress>();
  const [outcome, setOutcome] = useState<Exported>();
  const [error, setError] = useState<unknown>();
  const running = useRef<AbortController>(undefined);
  // Whoever leaves the page does not wait for it.
  useEffect(() => () => running.current?.abort(), []);
  const start = async (format: ExportFormat): Promise<void> => {
    const controller = new AbortController();
    running.current = controller;
    setOutcome(undefined);
    setError(undefined);
    setProgress({ done: 0, total: undefined });
    try {
      const { exportAll } = await import("./exportAll");
      const result = await exportAll(conversationsOfApi, format, setProgress, controller.signal);
      if (result.count)
        saveFile(result.file, `chatbot-${format}-${new Date().toISOString().slice(0, 10)}.zip`);
      setOutcome(result);
    } catch (problem) {
      if (!controller.signal.aborted) setError(problem);
    } finally {
      if (running.current === controller) setProgress(undefined);
    }
  };
  return { progress, outcome, error, start, cancel: () => running.current?.abort() };
}
