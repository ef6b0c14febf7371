/** Questions that are being edited: their text as it stands, by message. Kept, as drafts are. */
import { create } from "zustand";
import { readStored, store, storedKeys } from "~/state/storage";

interface Editing {
  readonly texts: Readonly<Record<string, string>>;
}

const KEY = "edit.";

export const useEditing = create<Editing>(() => ({
  texts: Object.fromEntries(
    storedKeys(KEY).flatMap((key) => {
      const found = readStored(key);
      return typeof found === "string" ? [[key.slice(KEY.length), found]] : [];
    }),
  ),
}));

/** Opens the editor of a message, or changes what stands in it. */
export function writeEdit(messageId: string, text: string): void {
  store(KEY + messageId, text);
  useEditing.setState(({ texts }) => ({ texts: { ...texts, [messageId]: text } }));
}

export function endEdit(messageId: string): void {
  store(KEY + messageId, undefined);
  useEditing.setState(({ texts }) => {
    const { [messageId]: _, ...rest } = texts;
    return { texts: rest };
  });
}
