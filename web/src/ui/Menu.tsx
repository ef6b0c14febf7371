import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button, IconButton } from "./Button";
import { Icon, type IconName } from "./Icon";
import styles from "./Menu.module.css";
import { Popover } from "./Popover";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  /** Given: one of several choices, and whether it is the one that holds. */
  readonly checked?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  /** Accessible name of the button that opens it. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly icon?: IconName;
  /** Shown on the button beside the icon; the name stays `label`, which should contain it. */
  readonly text?: string;
  readonly align?: "start" | "end";
  readonly className?: string;
  readonly heading?: ReactNode;
  /** Of the button; -1 where a list gives the focus to its items by itself. */
  readonly tabIndex?: number;
}

/** A menu button as the ARIA Authoring Practices describe it: arrows, Home, End, letters, Escape. */
export function Menu(props: MenuProps) {
  const { label, items, icon = "more", text, align = "end", className, heading, tabIndex } = props;
  const [open, setOpen] = useState<false | "first" | "last">(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  const close = (): void => {
    button.current?.focus();
    setOpen(false);
  };
  useEffect(() => {
    if (open && menu.current)
      itemsOf(menu.current)
        .at(open === "first" ? 0 : -1)
        ?.focus();
  }, [open]);
  const trigger = {
    ref: button,
    icon,
    tabIndex,
    "aria-haspopup": "menu",
    "aria-expanded": open !== false,
    "aria-controls": open ? id : undefined,
    onClick: () => setOpen(open ? false : "first"),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      setOpen(event.key === "ArrowDown" ? "first" : "last");
    },
  } as const;
  return (
    <div className={`${styles.root} ${className ?? ""}`}>
      {text === undefined ? (
        <IconButton label={label} {...trigger} />
      ) : (
        <Button variant="quiet" aria-label={label} {...trigger}>
          {text}
        </Button>
      )}
      {open && (
        <Popover anchor={button} align={align} onClose={() => setOpen(false)} className={styles.menu}>
          {heading}
          <div
            ref={menu}
            id={id}
            role="menu"
            aria-label={label}
            tabIndex={-1}
            onKeyDown={(event) => onMenuKey(event, close)}
          >
            {items.map((item) => (
              <MenuEntry key={item.label} item={item} close={close} />
            ))}
          </div>
        </Popover>
      )}
    </div>
  );
}

function MenuEntry({ item, close }: { readonly item: MenuItem; readonly close: () => void }) {
  const { label, icon, danger, disabled, checked, run } = item;
  const choice = checked !== undefined;
  return (
    <button
      type="button"
      role={choice ? "menuitemradio" : "menuitem"}
      {...(choice ? { "aria-checked": checked } : {})}
      aria-disabled={disabled || undefined}
      tabIndex={-1}
      className={danger ? styles.danger : undefined}
      onClick={() => {
        if (disabled) return;
        close();
        run();
      }}
    >
      {choice && <span className={styles.mark}>{checked && <Icon name="check" />}</span>}
      {icon && <Icon name={icon} />}
      {label}
    </button>
  );
}

const itemsOf = (menu: HTMLElement): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>("[role^=menuitem]"),
];

function onMenuKey(event: KeyboardEvent<HTMLElement>, close: () => void): void {
  const items = itemsOf(event.currentTarget);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = (index: number): void => items.at(index % items.length)?.focus();
  const keys = new Map([
    ["ArrowDown", () => to(at + 1)],
    ["ArrowUp", () => to(Math.max(at, 0) - 1)],
    ["Home", () => to(0)],
    ["End", () => to(-1)],
    // Not held back: the focus goes on to what comes after the button.
    ["Tab", close],
  ]);
  const action = keys.get(event.key);
  if (action) {
    if (event.key !== "Tab") event.preventDefault();
    event.stopPropagation();
    action();
  } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
    const letter = event.key.toLowerCase();
    const rest = [...items.slice(at + 1), ...items];
    rest.find((item) => item.textContent?.trim().toLowerCase().startsWith(letter))?.focus();
    event.stopPropagation();
  }
}
