import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { type Toast, useToasts } from "~/state/toasts";
import { Button, IconButton } from "./Button";
import styles from "./Toasts.module.css";

/** Mounted once. Errors interrupt a screen reader, other notices wait for a pause. */
export function Toasts() {
  const { t } = useTranslation();
  const toasts = useToasts((state) => state.toasts);
  return (
    <section className={styles.toasts} aria-label={t("notices")}>
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function ToastView({ toast }: { readonly toast: Toast }) {
  const { t } = useTranslation();
  const dismiss = useToasts((state) => state.dismiss);
  useEffect(() => {
    if (toast.stays === undefined) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.stays);
    return () => clearTimeout(timer);
  }, [toast, dismiss]);
  return (
    <div className={styles[toast.kind]} role={toast.kind === "error" ? "alert" : "status"}>
      <span>{toast.text}</span>
      {toast.action && (
        <Button
          variant="quiet"
          onClick={() => {
            toast.action?.run();
            dismiss(toast.id);
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <IconButton icon="close" label={t("dismiss")} onClick={() => dismiss(toast.id)} />
    </div>
  );
}
