import { memo } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { Badge } from "~/ui/Badge";
import type { Summary } from "./exportReader";
import styles from "./ImportDialog.module.css";
import type { Outcome } from "./importAll";

interface PickRowProps {
  readonly summary: Summary;
  readonly isPicked: boolean;
  /** The server holds it already. */
  readonly isKnown: boolean;
  readonly outcome: Outcome | undefined;
  readonly isLocked: boolean;
  readonly onPick: (ids: readonly string[], on: boolean) => void;
}

export const PickRow = memo(function PickRow(props: PickRowProps) {
  const { summary, isPicked, isKnown, outcome, isLocked, onPick } = props;
  const { t, i18n } = useTranslation("importing");
  const { id, title, changed, turns } = summary;
  const date = changed && new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium" }).format(changed);
  return (
    <li className={styles.row}>
      <label>
        <input
          type="checkbox"
          checked={isPicked}
          disabled={isLocked}
          onChange={(event) => onPick([id], event.target.checked)}
        />
        <span className={styles.title} dir="auto">
          {title}
        </span>
        <span className={styles.facts}>
          {[date, t("turns", { count: turns })].filter(Boolean).join(" · ")}
        </span>
      </label>
      <State outcome={outcome} isKnown={isKnown} />
    </li>
  );
});

function State({ outcome, isKnown }: Pick<PickRowProps, "outcome" | "isKnown">) {
  const { t } = useTranslation("importing");
  const { t: common } = useTranslation("common");
  switch (outcome?.state) {
    case "running":
      return <Badge tone="accent">{t("running")}</Badge>;
    case "done":
      return (
        <Badge tone="success">
          {outcome.imported > 0 ? t("imported", { count: outcome.imported }) : t("nothingNew")}
        </Badge>
      );
    case "failed":
      return <span className={styles.failed}>{errorText(common, outcome.error)}</span>;
    default:
      return isKnown ? <Badge>{t("known")}</Badge> : null;
  }
}
