import { useState } from "react";
import { Trans, useTranslation } from "react-i18next";
import { useApiKey } from "~/state/apiKey";
import { Button } from "~/ui/Button";
import { KeyForm } from "./KeyForm";
import { Section } from "./Section";
import styles from "./SettingsPage.module.css";

export function KeySection() {
  const { t } = useTranslation("settings");
  const kept = useApiKey((state) => state.key !== "");
  const setKey = useApiKey((state) => state.setKey);
  const [forgotten, setForgotten] = useState(0);
  return (
    <Section title={t("key.title")}>
      <p className={styles.muted}>
        <Trans t={t} i18nKey="keyDialog.where" components={{ code: <code /> }} />
      </p>
      <KeyForm key={forgotten}>
        {kept && (
          <Button
            onClick={() => {
              setKey("");
              setForgotten(forgotten + 1);
            }}
          >
            {t("key.forget")}
          </Button>
        )}
      </KeyForm>
    </Section>
  );
}
