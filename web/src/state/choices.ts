/** What a conversation may use: its model and its documents. Chosen by the user, kept in this browser. */
import { create } from "zustand";
import { usePreferences } from "./preferences";
import { readStored, store, storedKeys } from "./storage";

/** The conversation that has no id yet. */
export const NEW = "new";

export interface Choices {
  /** `undefined`: the user's default, or else the server's. */
  readonly model: string | undefined;
  readonly useDocuments: boolean;
  /** `undefined`: all of them. At most 100, as the API takes. */
  readonly documentIds: readonly string[] | undefined;
}

interface ChoicesState {
  readonly byConversation: Readonly<Record<string, Choices>>;
  readonly choose: (conversationId: string, change: Partial<Choices>) => void;
  /** The new conversation got its id. */
  readonly adopt: (conversationId: string) => void;
  readonly forget: (conversationId: string) => void;
}

const KEY = "choices.";
const adoptListeners = new Set<(conversationId: string) => void>();

/** Calls the listener with the id that a new conversation got, from now on. */
export const onAdopted = (listener: (conversationId: string) => void): void =>
  void adoptListeners.add(listener);

export const useChoicesStore = create<ChoicesState>((set, get) => ({
  byConversation: Object.fromEntries(
    storedKeys(KEY).flatMap((key) => {
      const found = readStored(key);
      return isChoices(found) ? [[key.slice(KEY.length), found]] : [];
    }),
  ),
  choose: (id, change) => {
    const chosen = { ...choicesOf(get().byConversation, id), ...change };
    store(KEY + id, chosen);
    set(({ byConversation }) => ({ byConversation: { ...byConversation, [id]: chosen } }));
  },
  adopt: (id) => {
    const { [NEW]: chosen, ...rest } = get().byConversation;
    if (chosen) {
      store(KEY + NEW, undefined);
      store(KEY + id, chosen);
      set({ byConversation: { ...rest, [id]: chosen } });
    }
    for (const listener of adoptListeners) listener(id);
  },
  forget: (id) => {
    const { [id]: _, ...rest } = get().byConversation;
    store(KEY + id, undefined);
    set({ byConversation: rest });
  },
}));

export function choicesOf(all: Readonly<Record<string, Choices>>, conversationId: string): Choices {
  const { model, useDocuments } = usePreferences.getState();
  return all[conversationId] ?? { model, useDocuments, documentIds: undefined };
}

/** The choices of a conversation, as a value that changes with them. */
export function useChoices(conversationId: string): Choices {
  const chosen = useChoicesStore((state) => state.byConversation[conversationId]);
  const model = usePreferences((state) => state.model);
  const useDocuments = usePreferences((state) => state.useDocuments);
  return chosen ?? { model, useDocuments, documentIds: undefined };
}

function isChoices(value: unknown): value is Choices {
  if (typeof value !== "object" || value === null) return false;
  const { model, useDocuments, documentIds } = value as Record<string, unknown>;
  const idsFit =
    documentIds === undefined ||
    (Array.isArray(documentIds) && documentIds.every((id) => typeof id === "string"));
  return typeof useDocuments === "boolean" && (model === undefined || typeof model === "string") && idsFit;
}
