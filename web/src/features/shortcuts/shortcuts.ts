/** Every keyboard shortcut there is: what the listener listens for and what the help sheet shows. */
import { navigate } from "wouter/use-browser-location";
import { paths } from "~/app/routes";
import { showSidebar, toggleSidebar, useShell } from "~/app/shellState";
import { copyLast, editLast, focusComposer, regenerateLast, stopCurrent } from "~/features/chat/commands";
import { focusSearch } from "~/features/conversations/commands";
import { toggleTheme } from "~/state/theme";
import type { Combo } from "./combo";

export type ShortcutId =
  | "newChat"
  | "search"
  | "focus"
  | "stop"
  | "copyLast"
  | "regenerate"
  | "editLast"
  | "sidebar"
  | "theme"
  | "help";

export interface Shortcut {
  readonly id: ShortcutId;
  readonly group: "chat" | "around";
  readonly keys: readonly Combo[];
  /** Returns false where there was nothing to do: the key then keeps its usual meaning. */
  readonly run: () => boolean;
}

const always =
  (action: () => void): (() => boolean) =>
  () => {
    action();
    return true;
  };

export const SHORTCUTS: readonly Shortcut[] = [
  { id: "newChat", group: "chat", keys: [{ key: "o", mod: true, shift: true }], run: always(newChat) },
  {
    id: "focus",
    group: "chat",
    keys: [{ key: "Escape", shift: true }, { key: "/" }],
    run: () => focusComposer(),
  },
  { id: "stop", group: "chat", keys: [{ key: "Escape" }], run: () => stopCurrent() },
  { id: "copyLast", group: "chat", keys: [{ key: "c", mod: true, shift: true }], run: () => copyLast() },
  {
    id: "regenerate",
    group: "chat",
    keys: [{ key: "Enter", mod: true, shift: true }],
    run: () => regenerateLast(),
  },
  { id: "editLast", group: "chat", keys: [{ key: "e", mod: true, shift: true }], run: () => editLast() },
  { id: "search", group: "around", keys: [{ key: "k", mod: true }], run: always(search) },
  {
    id: "sidebar",
    group: "around",
    keys: [{ key: "s", mod: true, shift: true }],
    run: always(toggleSidebar),
  },
  { id: "theme", group: "around", keys: [{ key: "l", mod: true, shift: true }], run: always(toggleTheme) },
  {
    id: "help",
    group: "around",
    keys: [{ key: "/", mod: true }, { key: "?" }],
    run: always(() => useShell.setState(({ helpOpen }) => ({ helpOpen: !helpOpen }))),
  },
];

function newChat(): void {
  navigate(paths.home);
  // The page of a conversation puts the cursor there by itself, unless it was there already.
  requestAnimationFrame(() => focusComposer());
}

function search(): void {
  showSidebar(true);
  // At once, so that what is typed next is not lost. A sidebar that was closed takes the focus only after it was drawn.
  if (!focusSearch()) requestAnimationFrame(() => focusSearch());
}
