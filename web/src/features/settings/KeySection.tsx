import { Trans, useTranslation } from "react-i18next";
import { KeyForm } from "./KeyForm";
import { Section } from "./Section";
import styles from "./SettingsPage.module.css";

export function KeySection() {
  const { t } = useTranslation("settings");
  return (
    <Section title={t("key.title")}>
      <p className={styles.muted}>
        <Trans t={t} i18nKey="keyDialog.where" components={{ code: <code /> }} />
      </p>
      <KeyForm forgettable />
    </Section>
  );
}
