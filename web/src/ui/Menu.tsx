import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { IconButton } from "./Button";
import { Icon, type IconName } from "./Icon";
import styles from "./Menu.module.css";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  /** Accessible name of the button that opens it. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly icon?: IconName;
  readonly className?: string;
  readonly heading?: ReactNode;
}

/** A menu button as the ARIA Authoring Practices describe it: arrows, Home, End, letters, Escape. */
export function Menu({ label, items, icon = "more", className, heading }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    root.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const onOutside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onOutside);
    return () => document.removeEventListener("pointerdown", onOutside);
  }, [open]);
  return (
    <div ref={root} className={`${styles.root} ${className ?? ""}`}>
      <IconButton
        ref={button}
        icon={icon}
        label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      />
      {open && (
        <div
          id={id}
          role="menu"
          aria-label={label}
          tabIndex={-1}
          className={styles.menu}
          onKeyDown={(event) => onMenuKey(event, close)}
          onBlur={(event) => !root.current?.contains(event.relatedTarget) && setOpen(false)}
        >
          {heading}
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={item.danger ? styles.danger : undefined}
              onClick={() => {
                close();
                item.run();
              }}
            >
              {item.icon && <Icon name={item.icon} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function onMenuKey(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = (index: number): void => items.at(index % items.length)?.focus();
  const keys = new Map([
    ["ArrowDown", () => to(at + 1)],
    ["ArrowUp", () => to(at - 1)],
    ["Home", () => to(0)],
    ["End", () => to(-1)],
    ["Escape", close],
  ]);
  const action = keys.get(event.key);
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  } else if (event.key.length === 1) {
    const letter = event.key.toLowerCase();
    const rest = [...items.slice(at + 1), ...items];
    rest.find((item) => item.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
  }
}
