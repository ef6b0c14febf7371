import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useModelName } from "~/features/models/useModelName";
import { useFormat } from "~/i18n/format";
import styles from "./StatusLine.module.css";
import type { LiveTurn } from "./turn";

/** Seconds without a word after which it is said how long it has been. */
const LONG = 5;

/** What goes on while an answer is being written. The page's live region says it; here it is to be seen. */
export function StatusLine({ turn, hasText }: { readonly turn: LiveTurn; readonly hasText: boolean }) {
  const { t } = useTranslation("chat");
  const nameOf = useModelName();
  const format = useFormat();
  const seconds = useSecondsSince(turn.since);
  const text = (): string => {
    if (turn.phase === "stopping") return t("stage.stopping");
    if (turn.elsewhere) return t("stage.elsewhere");
    if (turn.resumed) return t("stage.resumed");
    if (turn.stage === "fallback") return t("stage.fallback", { model: nameOf(turn.model ?? "") });
    if (turn.stage === "generating" && turn.documentsUnavailable) return t("stage.documents_unavailable");
    return turn.stage ? t(`stage.${turn.stage}`) : t("stage.sending");
  };
  // Words that arrive say enough.
  const isPlain = hasText && turn.phase === "running";
  return (
    <p className={styles.status}>
      <span className={styles.dot} aria-hidden="true" />
      {!isPlain && <span>{text()}</span>}
      {!isPlain && seconds >= LONG && <span>{t("stage.seconds", { shown: format.number(seconds) })}</span>}
    </p>
  );
}

function useSecondsSince(time: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, Math.floor((now - time) / 1000));
}
