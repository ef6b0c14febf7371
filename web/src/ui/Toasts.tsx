import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Toast, useToasts } from "~/state/toasts";
import { Button, IconButton } from "./Button";
import styles from "./Toasts.module.css";
import { useFocusReturn } from "./useFocusReturn";

/** Mounted once. Errors interrupt a screen reader, other notices wait for a pause. */
export function Toasts() {
  const { t } = useTranslation();
  const toasts = useToasts((state) => state.toasts);
  const section = useRef<HTMLElement>(null);
  const focusReturn = useFocusReturn(section, dismissButton, toasts);
  const count = toasts.length;
  useEffect(() => {
    if (!count) return;
    // Shown anew with each notice, so that it stands above a dialog that was opened in between.
    section.current?.showPopover?.();
    return () => section.current?.hidePopover?.();
  }, [count]);
  return (
    <section
      ref={section}
      popover="manual"
      className={styles.toasts}
      aria-label={t("notices")}
      aria-live="polite"
      aria-relevant="additions"
      {...focusReturn}
    >
      {toasts.map((toast) => (
        <ToastView key={toast.id} toast={toast} />
      ))}
    </section>
  );
}

/** Of the notice that has been there longest: its last button, since the first may do something. */
const dismissButton = (section: HTMLElement): HTMLElement | null =>
  section.querySelector<HTMLElement>(":scope > div:first-child > button:last-child");

function ToastView({ toast }: { readonly toast: Toast }) {
  const { t } = useTranslation();
  const dismiss = useToasts((state) => state.dismiss);
  const act = useToasts((state) => state.act);
  const [pointedAt, setPointedAt] = useState(false);
  const [focused, setFocused] = useState(false);
  const held = pointedAt || focused;
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
      onPointerEnter={() => setPointedAt(true)}
      onPointerLeave={() => setPointedAt(false)}
      onFocus={() => setFocused(true)}
      onBlur={() => setFocused(false)}
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
