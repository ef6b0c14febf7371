/** The API key: entered once, kept in this browser only, sent to this origin only. A laptop needs none. */
import { create } from "zustand";
import { onValueElsewhere, readStored, store } from "./storage";

interface ApiKeyState {
  readonly key: string;
  /** The server asked for a key, or refused the one that there is. */
  readonly needed: boolean;
  readonly setKey: (key: string) => void;
}

const kept = readStored("apiKey");

export const useApiKey = create<ApiKeyState>((set) => ({
  key: typeof kept === "string" ? kept : "",
  needed: false,
  setKey: (key) => {
    store("apiKey", key || undefined);
    set({ key, needed: false });
  },
}));

onValueElsewhere("apiKey", (found) => {
  useApiKey.setState({ key: typeof found === "string" ? found : "", needed: false });
});

export const apiKey = (): string => useApiKey.getState().key;

export const reportUnauthorized = (): void => useApiKey.setState({ needed: true });
