/** What was typed and not sent yet, by conversation. Kept on every change, so that a reload or a crash loses nothing. */
import { create } from "zustand";
import { readStored, store, storedKeys } from "./storage";

interface DraftState {
  readonly byConversation: Readonly<Record<string, string>>;
  readonly write: (conversationId: string, text: string) => void;
}

const KEY = "draft.";

export const useDrafts = create<DraftState>((set) => ({
  byConversation: Object.fromEntries(
    storedKeys(KEY).flatMap((key) => {
      const found = readStored(key);
      return typeof found === "string" ? [[key.slice(KEY.length), found]] : [];
    }),
  ),
  write: (id, text) => {
    store(KEY + id, text || undefined);
    set(({ byConversation }) => ({ byConversation: { ...byConversation, [id]: text } }));
  },
}));

export const draftOf = (id: string): string => useDrafts.getState().byConversation[id] ?? "";
