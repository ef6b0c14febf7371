import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { ProgressBar } from "~/ui/ProgressBar";
import type { Notes } from "./conversation";
import type { Summary } from "./exportReader";
import { FileChooser } from "./FileChooser";
import styles from "./ImportDialog.module.css";
import { Picks } from "./Picks";
import { ImportProblem } from "./problem";
import { useFilesAnywhere } from "./useFilesAnywhere";
import { type Import, useImport } from "./useImport";

/** Takes conversations out of an export of ChatGPT, or out of one of our own. What is imported stays, whenever it is closed. */
export default function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation("importing");
  const state = useImport();
  const notes = useNotes();
  const problem = useProblem(state.stage.name === "choosing" ? state.stage.error : undefined);
  const { stage } = state;
  const read = (files: readonly File[]): void => state.read(files, notes);
  const isOver = useFilesAnywhere((files) => stage.name === "choosing" && read(files));
  const actions = stage.name === "choosing" ? undefined : <Actions state={state} onClose={onClose} />;
  return (
    <Dialog title={t("title")} onClose={onClose} wide actions={actions}>
      {stage.name === "choosing" && <FileChooser onFiles={read} isOver={isOver} problem={problem} />}
      {stage.name === "reading" && <ProgressBar label={t("reading")} value={undefined} />}
      {(stage.name === "picking" || stage.name === "importing") && (
        <Picking state={state} summaries={stage.opened.summaries} skipped={stage.opened.skipped} />
      )}
      <p role="status" className={stage.name === "reading" ? styles.hint : "visually-hidden"}>
        {stage.name === "reading" ? t("reading") : ""}
      </p>
    </Dialog>
  );
}

interface PickingProps {
  readonly state: Import;
  readonly summaries: readonly Summary[];
  readonly skipped: number;
}

function Picking({ state, summaries, skipped }: PickingProps) {
  const { t } = useTranslation("importing");
  const isRunning = state.stage.name === "importing";
  const problem = useProblem(state.stage.name === "picking" ? state.stage.error : undefined);
  return (
    <>
      {skipped > 0 && <p className={styles.hint}>{t("skipped", { count: skipped })}</p>}
      <Picks
        summaries={summaries}
        picked={state.picked}
        known={state.known}
        outcomes={state.outcomes}
        isRunning={isRunning}
        onPick={state.pick}
      />
      <Progress state={state} />
      <div role="alert">{problem && <p className={styles.problem}>{problem}</p>}</div>
    </>
  );
}

function Progress({ state }: { readonly state: Import }) {
  const { t } = useTranslation("importing");
  const outcomes = [...state.outcomes.values()];
  const done = outcomes.filter((outcome) => outcome.state === "done").length;
  const failed = outcomes.filter((outcome) => outcome.state === "failed").length;
  const isRunning = state.stage.name === "importing";
  const total = done + state.picked.size;
  return (
    <>
      {isRunning && <ProgressBar label={t("importing")} value={(done + failed) / Math.max(1, total)} />}
      <p role="status" className={styles.hint}>
        {isRunning && t("progress", { done, total })}
        {!isRunning && done > 0 && t("finished", { count: done })}
        {failed > 0 && ` ${t("failed", { count: failed })}`}
      </p>
    </>
  );
}

function Actions({ state, onClose }: { readonly state: Import; readonly onClose: () => void }) {
  const { t } = useTranslation("importing");
  const { t: common } = useTranslation("common");
  const { stage, picked, outcomes } = state;
  if (stage.name === "reading" || stage.name === "choosing")
    return <Button onClick={state.reset}>{common("cancel")}</Button>;
  if (stage.name === "importing") return <Button onClick={state.cancel}>{t("stop")}</Button>;
  const isRetry = [...picked].some((id) => outcomes.get(id)?.state === "failed");
  const chosen = stage.opened.summaries.filter(({ id }) => picked.has(id));
  return (
    <>
      <Button variant="quiet" onClick={state.reset}>
        {t("otherFile")}
      </Button>
      <Button onClick={onClose}>{common("close")}</Button>
      <Button variant="primary" disabled={chosen.length === 0} onClick={() => state.start(chosen)}>
        {isRetry ? common("retry") : t("start", { count: chosen.length })}
      </Button>
    </>
  );
}

function useProblem(error: unknown): string | undefined {
  const { t } = useTranslation("importing");
  const { t: common } = useTranslation("common");
  if (error === undefined) return undefined;
  return error instanceof ImportProblem ? t(`problem.${error.code}`) : errorText(common, error);
}

function useNotes(): Notes {
  const { t } = useTranslation("importing");
  return useMemo(
    () => ({
      image: t("note.image"),
      audio: t("note.audio"),
      file: t("note.file"),
      noAnswer: t("note.noAnswer"),
      noQuestion: t("note.noQuestion"),
      continued: t("note.continued"),
    }),
    [t],
  );
}
