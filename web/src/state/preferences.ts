/** What the user chose, kept in this browser. */
import { create } from "zustand";
import { onValueElsewhere, readStored, store } from "./storage";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "de";

export interface Preferences {
  readonly theme: Theme;
  readonly language: Language | "system";
  /** Id of the model for new conversations; `undefined` is the server's default. */
  readonly model: string | undefined;
  readonly useDocuments: boolean;
  readonly sidebarOpen: boolean;
  /** Whether Enter sends, or Ctrl/Cmd+Enter does. */
  readonly enterSends: boolean;
  /** Whether shortcuts of a single key without Ctrl or Cmd work; a speech input or a shaky hand may set them off. */
  readonly singleKeys: boolean;
  readonly welcomed: boolean;
}

const DEFAULTS: Preferences = {
  theme: "system",
  language: "system",
  model: undefined,
  useDocuments: true,
  sidebarOpen: true,
  enterSends: true,
  singleKeys: true,
  welcomed: false,
};

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  theme: ["system", "light", "dark"] satisfies Theme[],
  language: ["system", "en", "de"] satisfies Preferences["language"][],
};

interface PreferencesState extends Preferences {
  readonly set: (change: Partial<Preferences>) => void;
}

export const usePreferences = create<PreferencesState>((set, get) => ({
  ...DEFAULTS,
  ...read(readStored("preferences")),
  set: (change) => {
    set(change);
    const { set: _, ...values } = get();
    store("preferences", values);
  },
}));

// What is not among them has its usual value again: JSON holds no `undefined`.
onValueElsewhere("preferences", (found) => usePreferences.setState({ ...DEFAULTS, ...read(found) }));

function read(found: unknown): Partial<Preferences> {
  if (typeof found !== "object" || found === null) return {};
  // Kept by another version, or edited by hand: only what has the right type is taken.
  const entries = Object.entries(DEFAULTS).flatMap(([name, fallback]) => {
    const value = (found as Record<string, unknown>)[name];
    const fits =
      CHOICES[name]?.includes(value) ?? typeof value === (name === "model" ? "string" : typeof fallback);
    return fits ? [[name, value]] : [];
  });
  return Object.fromEntries(entries) as Partial<Preferences>;
}
