/** Combinations of keys: which one was pressed, and how it is written. Pure. */

export interface Combo {
  /** As `KeyboardEvent.key` has it, letters small. */
  readonly key: string;
  /** Ctrl, or Cmd on a Mac. */
  readonly mod?: boolean;
  readonly shift?: boolean;
}

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey">;

/** Whether an event is this combination, on a Mac or elsewhere. */
export function isPressed({ key, mod = false, shift = false }: Combo, event: Pressed, mac: boolean): boolean {
  const [modKey, otherKey] = mac ? [event.metaKey, event.ctrlKey] : [event.ctrlKey, event.metaKey];
  if (event.key.toLowerCase() !== key.toLowerCase()) return false;
  if (modKey !== mod || otherKey || event.altKey) return false;
  // Signs need Shift on one keyboard and not on another: "/" is Shift+7 in Germany.
  return isSign(key) || event.shiftKey === shift;
}

/** The names of its keys, as the keyboards of that platform have them. `name` gives those that are words. */
export function writtenKeys(combo: Combo, mac: boolean, name: (key: NamedKey) => string): readonly string[] {
  const keys: string[] = [];
  if (combo.mod) keys.push(mac ? "⌘" : name("ctrl"));
  if (combo.shift) keys.push(mac ? "⇧" : name("shift"));
  const own = combo.key.toLowerCase();
  if (own === "escape") keys.push(name("escape"));
  else if (own === "enter") keys.push(mac ? "↵" : name("enter"));
  else keys.push(own.toUpperCase());
  return keys;
}

export type NamedKey = "ctrl" | "shift" | "escape" | "enter";

export const isMac = (platform = navigator.platform): boolean => /^(mac|iphone|ipad)/i.test(platform);

const isSign = (key: string): boolean => key.length === 1 && key.toLowerCase() === key.toUpperCase();
