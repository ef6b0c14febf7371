import { useShell } from "~/app/shellState";
import { usePreferences } from "~/state/preferences";
import { type Combo, isMac, isPressed } from "./combo";
import { SHORTCUTS, type Shortcut } from "./shortcuts";

/** Listens for the shortcuts, wherever the focus is. Returns how to stop listening. */
export function listenForShortcuts(): () => void {
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function onKey(event: KeyboardEvent): void {
  // Whoever was nearer has dealt with it; an input method is at work; or the key is being held down.
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  const found = shortcutFor(event, isMac());
  if (found?.run()) event.preventDefault();
}

/** The shortcut that an event stands for, where it may have that meaning. */
function shortcutFor(event: KeyboardEvent, mac: boolean): Shortcut | undefined {
  return SHORTCUTS.find(({ id, keys }) =>
    keys.some((combo) => isPressed(combo, event, mac) && mayAct(id, combo, event)),
  );
}

function mayAct(id: Shortcut["id"], combo: Combo, event: KeyboardEvent): boolean {
  // A dialog has the page to itself; only the help sheet closes as it opened.
  if (document.querySelector("dialog[open]") && !(id === "help" && useShell.getState().helpOpen))
    return false;
  // Escape closes the drawer then.
  if (id === "stop" && useShell.getState().drawerOpen) return false;
  const single = !combo.mod && combo.key.length === 1;
  return !single || (usePreferences.getState().singleKeys && !isTyping(event.target));
}

const NO_TEXT = new Set([
  "button",
  "checkbox",
  "color",
  "file",
  "image",
  "radio",
  "range",
  "reset",
  "submit",
]);

/** Whether keys make text there, or choose by letter. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !NO_TEXT.has(target.type);
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest("textarea, select, [role=menu], [role=listbox], [role=textbox]") !== null
  );
}
