/** What was typed and not sent yet, by conversation. Kept on every change, so that a reload or a crash loses nothing. */
import { create } from "zustand";
import { readStored, store, storedKeys } from "./storage";

interface DraftState {
  readonly byConversation: Readonly<Record<string, string>>;
  readonly write: (conversationId: string, text: string) => void;
}

const KEY = "draft.";

/** What this page has kept last. Another tab may have kept something else since. */
const kept = new Map<string, string>();

export const useDrafts = create<DraftState>((set) => ({
  byConversation: Object.fromEntries(
    storedKeys(KEY).flatMap((key) => {
      const found = readStored(key);
      if (typeof found !== "string") return [];
      kept.set(key.slice(KEY.length), found);
      return [[key.slice(KEY.length), found]];
    }),
  ),
  write: (id, text) => {
    keep(id, text);
    set(({ byConversation }) => ({ byConversation: { ...byConversation, [id]: text } }));
  },
}));

export const draftOf = (id: string): string => useDrafts.getState().byConversation[id] ?? "";

function keep(id: string, text: string): void {
  if (text) {
    if (store(KEY + id, text)) kept.set(id, text);
    return;
  }
  // What another tab keeps there is half a message of its own.
  const found = readStored(KEY + id);
  if (found === undefined || found === kept.get(id)) store(KEY + id, undefined);
  kept.delete(id);
}
