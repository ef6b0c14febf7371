import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import styles from "./Dialog.module.css";
import { focusIfLost } from "./focus";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons, at the end. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

/**
 * A modal dialog, open as long as it is mounted. The browser's own `<dialog>` keeps the focus inside, closes on Escape and gives the
 * focus back; components for it would bring inline styles, which the content security policy refuses.
 * The focus goes to the element with `data-autofocus`, else to the first field for text, else to the heading.
 */
export function Dialog({ title, onClose, children, actions, wide = false }: DialogProps) {
  const { t } = useTranslation();
  const dialog = useRef<HTMLDialogElement>(null);
  const pressedOutside = useRef(false);
  const titleId = useId();
  // A layout effect: it is cleaned up before the element leaves the page, and only an element of the page gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    const opener = document.activeElement;
    if (!element.open) element.showModal();
    firstStop(element)?.focus();
    return () => {
      element.close();
      focusIfLost(() => opener);
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape, the keyboard's way, is the element's own.
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={wide ? `${styles.dialog} ${styles.wide}` : styles.dialog}
      onCancel={(event) => {
        if (event.target !== dialog.current) return;
        event.preventDefault();
        onClose();
      }}
      // A browser may close it though that was prevented (a second Escape).
      onClose={(event) => event.target === dialog.current && !dialog.current.open && onClose()}
      // Text that is selected beyond the edge must not close it: the press has to begin outside too.
      onPointerDown={(event) => {
        pressedOutside.current = event.target === dialog.current;
      }}
      onClick={(event) => event.target === dialog.current && pressedOutside.current && onClose()}
    >
      <div className={styles.content}>
        <header className={styles.header}>
          <h2 id={titleId} tabIndex={-1}>
            {title}
          </h2>
          <IconButton icon="close" label={t("close")} onClick={onClose} />
        </header>
        <div className={styles.body}>{children}</div>
        {actions && <footer className={styles.actions}>{actions}</footer>}
      </div>
    </dialog>
  );
}

const TEXT_FIELD =
  "input:not([type=hidden], [type=checkbox], [type=radio], [type=file], :disabled), textarea, select";

function firstStop(element: HTMLElement): HTMLElement | null {
  return (
    element.querySelector<HTMLElement>("[data-autofocus]") ??
    element.querySelector<HTMLElement>(TEXT_FIELD) ??
    element.querySelector<HTMLElement>("h2")
  );
}
