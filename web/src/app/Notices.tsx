import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApiKey } from "~/state/apiKey";
import { onStorageTrouble } from "~/state/storage";
import { Button, IconButton } from "~/ui/Button";
import { Icon, type IconName } from "~/ui/Icon";
import { useConnection } from "./connection";
import styles from "./Notices.module.css";
import { useShell } from "./shellState";

/** What is wrong around the page and stays so until something is done: above the page, read out when it appears. */
export function Notices() {
  const { t } = useTranslation("shell");
  const { lost, retry } = useConnection();
  const keyNeeded = useApiKey((state) => state.needed);
  const keyDialogOpen = useShell((state) => state.keyDialogOpen);
  const [storageFails, hideStorage] = useStorageTrouble();
  return (
    <section className={styles.notices} aria-label={t("problems")} aria-live="polite">
      {lost && (
        <Notice icon="offline" text={t("offline")}>
          <Button onClick={retry}>{t("retry", { ns: "common" })}</Button>
        </Notice>
      )}
      {keyNeeded && !keyDialogOpen && (
        <Notice icon="key" text={t("keyNeeded")}>
          <Button onClick={() => useShell.setState({ keyDialogOpen: true })}>{t("enterKey")}</Button>
        </Notice>
      )}
      {storageFails && (
        <Notice icon="warning" text={t("storageFails")}>
          <IconButton icon="close" label={t("dismiss", { ns: "common" })} onClick={hideStorage} />
        </Notice>
      )}
    </section>
  );
}

function Notice(props: { readonly icon: IconName; readonly text: string; readonly children: ReactNode }) {
  return (
    <div className={styles.notice}>
      <Icon name={props.icon} />
      <p>{props.text}</p>
      {props.children}
    </div>
  );
}

function useStorageTrouble(): [boolean, () => void] {
  const [failing, setFailing] = useState(false);
  useEffect(() => {
    const stop = onStorageTrouble(setFailing);
    return () => void stop();
  }, []);
  return [failing, () => setFailing(false)];
}
