/** Questions that are being edited: their text as it stands, by message. Kept, as drafts are. */
import { create } from "zustand";
import { readStored, store, storedKeys } from "~/state/storage";

interface Editing {
  readonly texts: Readonly<Record<string, string>>;
  /** The message whose editor was just opened and shall come into view and get the focus, once. */
  readonly opened: string | undefined;
}

const KEY = "edit.";

export const useEditing = create<Editing>(() => ({
  texts: Object.fromEntries(
    storedKeys(KEY).flatMap((key) => {
      const found = readStored(key);
      return typeof found === "string" ? [[key.slice(KEY.length), found]] : [];
    }),
  ),
  opened: undefined,
}));

/** Opens the editor of a message, with this text unless somebody began to change it before. */
export function openEdit(messageId: string, text: string): void {
  const begun = useEditing.getState().texts[messageId];
  writeEdit(messageId, begun ?? text);
  useEditing.setState({ opened: messageId });
}

/** Whether this editor was just opened; said once. */
export function takeOpened(messageId: string): boolean {
  if (useEditing.getState().opened !== messageId) return false;
  useEditing.setState({ opened: undefined });
  return true;
}

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
