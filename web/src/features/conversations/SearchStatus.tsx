import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import styles from "./ConversationList.module.css";

interface SearchStatusProps {
  readonly found: number;
  readonly looked: number;
  /** All conversations are loaded, so that nothing more will be found. */
  readonly complete: boolean;
  readonly query: string;
}

/** How the search stands. A screen reader hears the outcome, not each step on the way. */
export function SearchStatus({ found, looked, complete, query }: SearchStatusProps) {
  const { t } = useTranslation("conversations");
  const { number } = useFormat();
  const outcome = found > 0 ? t("found", { count: found }) : t("nothingFound", { query: query.trim() });
  const steps = t("searching", { found: number(found), looked: number(looked) });
  return (
    <div className={styles.note}>
      <div role="status">{complete && outcome}</div>
      {!complete && <div>{steps}</div>}
      {complete && found === 0 && <div>{t("nothingFoundHint")}</div>}
    </div>
  );
}
