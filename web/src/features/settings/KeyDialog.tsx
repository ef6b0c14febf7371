import { useEffect } from "react";
import { Trans, useTranslation } from "react-i18next";
import { paths } from "~/app/routes";
import { useShell } from "~/app/shellState";
import { useApiKey } from "~/state/apiKey";
import { showToast } from "~/state/toasts";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { KeyForm } from "./KeyForm";
import styles from "./KeyForm.module.css";

/** Asks for the API key when the server does. Whoever has none at hand puts it off: a notice stays above the page. */
export function KeyDialog() {
  const { t } = useTranslation("settings");
  const needed = useApiKey((state) => state.needed);
  const open = useShell((state) => state.keyDialogOpen);
  // In the settings the field for it is there already, and may have been emptied just now; the notice above the page says the rest.
  useEffect(
    () => useShell.setState({ keyDialogOpen: needed && location.pathname !== paths.settings }),
    [needed],
  );
  if (!open) return null;
  const close = (): void => useShell.setState({ keyDialogOpen: false });
  return (
    <Dialog title={t("keyDialog.title")} onClose={close}>
      <div className={styles.text}>
        <p>{t("keyDialog.text")}</p>
        <p className={styles.muted}>
          <Trans t={t} i18nKey="keyDialog.where" components={{ code: <code /> }} />
        </p>
      </div>
      <KeyForm
        onSaved={() => {
          close();
          showToast({ kind: "success", text: t("key.works"), stays: 4000 });
        }}
      >
        <Button onClick={close}>{t("keyDialog.later")}</Button>
      </KeyForm>
    </Dialog>
  );
}
