import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useHealth } from "~/api/queries";
import { useFormat } from "~/i18n/format";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { dismiss } from "./answering";
import { retry, takeBack } from "./asking";
import { focusComposer } from "./commands";
import styles from "./Failure.module.css";
import { isUnsettled, type LiveTurn } from "./turn";
import { useFailureText } from "./useFailureText";

/** Seconds; a longer wait is said as a time of day, and the button works meanwhile: somebody may have raised a limit. */
const LONGEST_COUNTDOWN = 120;

/** Why a question was not answered, and what can be done. The question stands above. */
export function Failure({ turn }: { readonly turn: LiveTurn }) {
  const { t } = useTranslation("chat");
  const format = useFormat();
  const textOf = useFailureText();
  const seconds = useSecondsUntil(turn.retryAt);
  const isCounting = seconds > 0 && seconds <= LONGEST_COUNTDOWN;
  // While it may have been answered, nobody knows what the conversation is.
  const isKept = turn.body.replaces !== undefined && !(turn.error && isUnsettled(turn, turn.error));
  const isBack = useIsBack(turn.error?.code === "offline");
  return (
    <section className={styles.failure} aria-label={t("failure.heading")}>
      <Icon name="warning" />
      <div className={styles.words}>
        <p>{isBack ? t("failure.backOnline") : textOf(turn.error)}</p>
        {isKept && <p className={styles.more}>{t("failure.kept")}</p>}
        {seconds > LONGEST_COUNTDOWN && turn.retryAt && (
          <p className={styles.more}>
            {t("failure.from", { time: format.dateTime(new Date(turn.retryAt)) })}
          </p>
        )}
        {turn.error?.requestId && (
          <p className={styles.more}>{t("error.requestId", { ns: "common", id: turn.error.requestId })}</p>
        )}
        <div className={styles.actions}>
          <Button
            variant="primary"
            icon="refresh"
            // Not `disabled`: the focus would be lost, and the count could not be heard.
            aria-disabled={isCounting}
            onClick={() => {
              if (!isCounting && retry(turn.key)) focusComposer();
            }}
          >
            {isCounting ? t("failure.retryIn", { shown: format.number(seconds) }) : t("failure.retry")}
          </Button>
          {turn.kind === "regenerate" ? (
            <Button onClick={() => leave(() => dismiss(turn.key))}>{t("failure.dismiss")}</Button>
          ) : (
            <Button icon="edit" onClick={() => leave(() => takeBack(turn.key))}>
              {t("failure.edit")}
            </Button>
          )}
        </div>
      </div>
    </section>
  );
}

/** The button that had the focus goes away. */
function leave(action: () => void): void {
  action();
  focusComposer();
}

function useSecondsUntil(time: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  const isOver = time === undefined || time <= now;
  useEffect(() => {
    if (isOver) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isOver]);
  return isOver ? 0 : Math.ceil((time - now) / 1000);
}

/** Whether the server answers again. What the browser says of its network tells nothing of that, one way or the other. */
function useIsBack(wasLost: boolean): boolean {
  const [since] = useState(Date.now);
  // While it fails it asks again by itself.
  const { refetch, dataUpdatedAt, isError } = useHealth();
  useEffect(() => {
    if (wasLost) void refetch();
  }, [wasLost, refetch]);
  return wasLost && !isError && dataUpdatedAt > since;
}
