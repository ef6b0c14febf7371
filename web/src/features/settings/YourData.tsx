import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { forgetAll } from "~/state/storage";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { ExportAll } from "./ExportAll";
import { Section } from "./Section";
import styles from "./SettingsPage.module.css";

const ImportDialog = lazy(() => import("~/features/importing/ImportDialog"));

/** Taking conversations along, bringing some, and leaving nothing behind in this browser. */
export function YourData() {
  const { t } = useTranslation("settings");
  const [importing, setImporting] = useState(false);
  const [forgetting, setForgetting] = useState(false);
  return (
    <Section title={t("data.title")}>
      <ExportAll />
      <div className={styles.row}>
        <h3>{t("import.title")}</h3>
        <p className={styles.muted}>{t("import.text")}</p>
        <div className={styles.actions}>
          <Button icon="upload" onClick={() => setImporting(true)}>
            {t("import.button")}
          </Button>
        </div>
      </div>
      <div className={styles.row}>
        <h3>{t("forget.title")}</h3>
        <p className={styles.muted}>{t("forget.text")}</p>
        <div className={styles.actions}>
          <Button variant="danger" icon="trash" onClick={() => setForgetting(true)}>
            {t("forget.button")}
          </Button>
        </div>
      </div>
      {importing && (
        <Suspense>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
      {forgetting && <ForgetDialog onClose={() => setForgetting(false)} />}
    </Section>
  );
}

function ForgetDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  return (
    <Dialog
      title={t("forget.question")}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose} data-autofocus>
            {common("cancel")}
          </Button>
          <Button variant="danger" onClick={forgetEverything}>
            {t("forget.confirm")}
          </Button>
        </>
      }
    >
      <p>{t("forget.warning")}</p>
    </Dialog>
  );
}

/** What the service worker keeps stays: that is the page itself, which starts without a connection then, and nothing of the user's. */
function forgetEverything(): void {
  forgetAll();
  // What is still in memory must not be written again.
  location.replace("/");
}
