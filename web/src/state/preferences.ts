/** What the user chose, kept in this browser. */
import { create } from "zustand";
import { readStored, store } from "./storage";

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
  readonly welcomed: boolean;
}

const DEFAULTS: Preferences = {
  theme: "system",
  language: "system",
  model: undefined,
  useDocuments: true,
  sidebarOpen: true,
  enterSends: true,
  welcomed: false,
};

interface PreferencesState extends Preferences {
  readonly set: (change: Partial<Preferences>) => void;
}

export const usePreferences = create<PreferencesState>((set, get) => ({
  ...DEFAULTS,
  ...read(),
  set: (change) => {
    set(change);
    const { set: _, ...values } = get();
    store("preferences", values);
  },
}));

function read(): Partial<Preferences> {
  const found = readStored("preferences");
  if (typeof found !== "object" || found === null) return {};
  // Kept by another version, or edited by hand: only what has the right type is taken.
  const entries = Object.entries(DEFAULTS).flatMap(([name, fallback]) => {
    const value = (found as Record<string, unknown>)[name];
    const fits = name === "model" ? typeof value === "string" : typeof value === typeof fallback;
    return fits ? [[name, value]] : [];
  });
  return Object.fromEntries(entries) as Partial<Preferences>;
}
