import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useHealth } from "~/api/queries";
import { paths } from "~/app/routes";
import { useModelName } from "~/features/models/useModelName";
import { NEW, useChoices } from "~/state/choices";
import { send } from "./asking";
import styles from "./Greeting.module.css";

const SUGGESTIONS = ["explain", "write", "code", "compare"] as const;

/** The beginning of a new conversation. */
export function Greeting() {
  const { t } = useTranslation("chat");
  return (
    <div className={styles.scroller}>
      <div className={styles.greeting}>
        <h2 className={styles.title}>{t("greeting.title")}</h2>
        <WhoAnswers />
        <ul className={styles.suggestions} aria-label={t("greeting.suggestions")}>
          {SUGGESTIONS.map((name) => (
            <li key={name}>
              <button
                type="button"
                className={styles.suggestion}
                onClick={() => send(undefined, t(`suggestion.${name}.text`))}
              >
                <span className={styles.name}>{t(`suggestion.${name}.title`)}</span>
                <span className={styles.text}>{t(`suggestion.${name}.text`)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function WhoAnswers() {
  const { t } = useTranslation("chat");
  const nameOf = useModelName();
  const health = useHealth().data;
  const model = useChoices(NEW).model ?? health?.model;
  if (!model) return <p className={styles.model}>{t("greeting.unknown")}</p>;
  if (model !== "builtin")
    return <p className={styles.model}>{t("greeting.model", { model: nameOf(model) })}</p>;
  return (
    <p className={styles.model}>
      {t("greeting.builtIn")} <Link href={paths.welcome}>{t("greeting.connect")}</Link>
    </p>
  );
}
