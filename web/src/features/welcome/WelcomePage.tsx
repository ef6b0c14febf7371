import { useEffect } from "react";
import { Trans, useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { useModels } from "~/api/queries";
import { paths } from "~/app/routes";
import { modelOf } from "~/features/models/offered";
import { useModelName } from "~/features/models/useModelName";
import { usePreferences } from "~/state/preferences";
import { Button } from "~/ui/Button";
import { CopyButton } from "~/ui/CopyButton";
import { Icon, type IconName } from "~/ui/Icon";
import { CONNECTIONS } from "./connections";
import styles from "./WelcomePage.module.css";

const POINTS = [
  { id: "documents", icon: "document" },
  { id: "private", icon: "lock" },
  { id: "cloud", icon: "cloud" },
] as const satisfies readonly { id: string; icon: IconName }[];

/** What somebody who comes for the first time wants to know. */
export default function WelcomePage() {
  const { t } = useTranslation("welcome");
  const [, navigate] = useLocation();
  const set = usePreferences((state) => state.set);
  // Seen is enough: whoever leaves by another way than the button below wants to get where it leads.
  useEffect(() => set({ welcomed: true }), [set]);
  return (
    <div className={styles.page}>
      <header className={styles.hero}>
        <img src="/icon.svg" alt="" width="56" height="56" />
        <h1>{t("title")}</h1>
        <p className={styles.lead}>{t("lead")}</p>
        <Answering />
        <Button variant="primary" className={styles.start} onClick={() => navigate(paths.home)}>
          {t("start")}
        </Button>
      </header>
      <ul className={styles.points}>
        {POINTS.map(({ id, icon }) => (
          <li key={id}>
            <Icon name={icon} size={22} />
            <h2>{t(`${id}.title`)}</h2>
            <p>
              <Trans t={t} i18nKey={`${id}.text`} components={{ code: <code /> }} />
            </p>
          </li>
        ))}
      </ul>
      <Connecting />
    </div>
  );
}

/** Which model answers, and what may be expected of it. */
function Answering() {
  const { t } = useTranslation("welcome");
  const nameOf = useModelName();
  const { model } = modelOf(useModels().data ?? [], undefined);
  if (!model) return null;
  return (
    <p className={styles.answering}>
      <Icon name="cpu" />
      <span>
        <strong>
          {model.built_in ? t("builtIn.answers") : t("other.answers", { name: nameOf(model.id) })}
        </strong>{" "}
        {model.built_in ? t("builtIn.text") : t("other.text")}
      </span>
    </p>
  );
}

function Connecting() {
  const { t } = useTranslation("welcome");
  return (
    <section className={styles.connecting} aria-labelledby="connecting">
      <h2 id="connecting">{t("connect.title")}</h2>
      <p>{t("connect.text")}</p>
      {CONNECTIONS.map(({ id, command }) => (
        <details key={id} className={styles.connection} name="connection">
          <summary>{t(`connect.${id}.title`)}</summary>
          <p>{t(`connect.${id}.text`)}</p>
          <div className={styles.command}>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable with the keyboard. */}
            <section tabIndex={0} aria-label={t("command")} className={styles.scroll}>
              <pre dir="ltr">{command}</pre>
            </section>
            <CopyButton text={command} label={t("copy")} />
          </div>
        </details>
      ))}
    </section>
  );
}
