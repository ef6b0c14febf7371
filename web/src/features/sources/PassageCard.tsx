import { useTranslation } from "react-i18next";
import type { Citation } from "~/state/panel";
import { CopyButton } from "~/ui/CopyButton";
import styles from "./PassageCard.module.css";

/** The passage as the model was given it. `open`: at first. */
export function PassageCard({ citation, open }: { readonly citation: Citation; readonly open: boolean }) {
  const { t } = useTranslation("sources");
  return (
    <div className={styles.card}>
      <details open={open}>
        <summary>{t("passage")}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard. */}
        <blockquote className={styles.text} dir="auto" tabIndex={0} aria-label={t("passage")}>
          {citation.text}
        </blockquote>
      </details>
      <CopyButton text={citation.text} label={t("copyPassage")} />
    </div>
  );
}
