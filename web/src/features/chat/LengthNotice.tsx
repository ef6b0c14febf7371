import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import styles from "./LengthNotice.module.css";
import { LONGEST_MESSAGE, lengthOf } from "./turn";

/** So many characters before the limit it begins to be shown. */
const NEAR = 2_000;

interface LengthNoticeProps {
  readonly text: string;
  /** What can be done with a text that is too long. */
  readonly children?: ReactNode;
}

/** How much room a message has left, near its limit; beyond it, what to do. */
export function LengthNotice({ text, children }: LengthNoticeProps) {
  const { t } = useTranslation("chat");
  const format = useFormat();
  const left = LONGEST_MESSAGE - lengthOf(text);
  if (left >= 0) {
    if (left > NEAR) return null;
    return <p className={styles.left}>{t("composer.left", { count: left, shown: format.number(left) })}</p>;
  }
  return (
    <div className={styles.over}>
      <p role="alert">
        {t("composer.tooLong", {
          count: -left,
          shown: format.number(-left),
          limit: format.number(LONGEST_MESSAGE),
        })}
      </p>
      {children}
    </div>
  );
}
