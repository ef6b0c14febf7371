import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Toast, useToasts } from "~/state/toasts";
import { Button, IconButton } from "./Button";
import styles from "./Toasts.module.css";

/** Mounted once. Errors interrupt a screen reader, other notices wait for a pause. */
export function Toasts() {
  const { t } = useTranslation();
  const toasts = useToasts((state) => state.toasts);
  const section = useRef<HTMLElement>(null);
  const cameFrom = useRef<Element | null>(null);
  const count = toasts.length;
  useEffect(() => {
    if (!count) return;
    // Shown anew with each notice, so that it stands above a dialog that was opened in between.
    section.current?.showPopover?.();
    return () => section.current?.hidePopover?.();
  }, [count]);
  useEffect(() => {
    // The button that had the focus has gone with its notice.
    if (!count && cameFrom.current instanceof HTMLElement) cameFrom.current.focus();
    if (!count) cameFrom.current = null;
  }, [count]);
  return (
    <section
      ref={section}
      popover="manual"
      className={styles.toasts}
      aria-label={t("notices")}
      aria-live="polite"
      aria-relevant="additions"
      onFocus={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) cameFrom.current = event.relatedTarget;
      }}
      onBlur={(event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget))
          cameFrom.current = null;
      }}
    >
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

function ToastView({ toast }: { readonly toast: Toast }) {
  const { t } = useTranslation();
  const dismiss = useToasts((state) => state.dismiss);
  const act = useToasts((state) => state.act);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (toast.stays === undefined || held) return;
    const timer = setTimeout(() => dismiss(toast.id), toast.stays);
    return () => clearTimeout(timer);
  }, [toast, held, dismiss]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only makes it stay.
    <div
      className={styles[toast.kind]}
      role={toast.kind === "error" ? "alert" : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{toast.text}</span>
      {toast.action && (
        <Button variant="quiet" onClick={() => act(toast.id)}>
          {toast.action.label}
        </Button>
      )}
      <IconButton icon="close" label={t("dismiss")} onClick={() => dismiss(toast.id)} />
    </div>
  );
}
