import { useTranslation } from "react-i18next";
import styles from "./ConversationList.module.css";
import type { DayGroup } from "./days";

export function DayHeading({ group }: { readonly group: DayGroup }) {
  const { t, i18n } = useTranslation("conversations");
  const text =
    group.kind === "month"
      ? new Intl.DateTimeFormat(i18n.language, { month: "long", year: "numeric" }).format(
          new Date(group.year, group.month, 1),
        )
      : t(`group.${group.kind}`);
  return <h3 className={styles.day}>{text}</h3>;
}
