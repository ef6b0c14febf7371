/** Questions that are being edited: their text as it stands, by message. Kept, as drafts are. */
import { create } from "zustand";
import { draftOf, useDrafts } from "~/state/drafts";
import { readStored, store, storedKeys } from "~/state/storage";

/** What is edited. */
interface Origin {
  readonly conversationId: string;
  /** The question as it was asked. */
  readonly asked: string;
}

interface Editing {
  readonly texts: Readonly<Record<string, string>>;
  readonly origins: Readonly<Record<string, Origin>>;
  /** The message whose editor was just opened and shall come into view and get the focus, once. */
  readonly opened: string | undefined;
}

const KEY = "edit.";

export const useEditing = create<Editing>(() => ({ ...readKept(), opened: undefined }));

/** Opens the editor of a question, with its text unless somebody began to change it before. */
export function openEdit(messageId: string, asked: string, conversationId: string): void {
  const begun = useEditing.getState().texts[messageId];
  useEditing.setState(({ origins }) => ({
    opened: messageId,
    origins: { ...origins, [messageId]: { conversationId, asked } },
  }));
  writeEdit(messageId, begun ?? asked);
}

/** Whether this editor was just opened; said once. */
export function takeOpened(messageId: string): boolean {
  if (useEditing.getState().opened !== messageId) return false;
  useEditing.setState({ opened: undefined });
  return true;
}

export function writeEdit(messageId: string, text: string): void {
  store(KEY + messageId, { text, ...useEditing.getState().origins[messageId] });
  useEditing.setState(({ texts }) => ({ texts: { ...texts, [messageId]: text } }));
}

export function endEdit(messageId: string): void {
  store(KEY + messageId, undefined);
  useEditing.setState(({ texts, origins }) => {
    const { [messageId]: _text, ...otherTexts } = texts;
    const { [messageId]: _origin, ...otherOrigins } = origins;
    return { texts: otherTexts, origins: otherOrigins };
  });
}

/** Questions of the conversation that are being edited. */
const editsOf = (conversationId: string): string[] =>
  Object.entries(useEditing.getState().origins).flatMap(([messageId, origin]) =>
    origin.conversationId === conversationId ? [messageId] : [],
  );

export function forgetEditsOf(conversationId: string): void {
  for (const messageId of editsOf(conversationId)) endEdit(messageId);
}

/** Ends the editors of questions that the conversation no longer has; what was changed in them goes to the message box. */
export function endEditsBut(conversationId: string, isThere: (messageId: string) => boolean): void {
  for (const messageId of editsOf(conversationId)) {
    if (isThere(messageId)) continue;
    const { texts, origins } = useEditing.getState();
    const text = texts[messageId] ?? "";
    endEdit(messageId);
    if (text.trim() === "" || text === origins[messageId]?.asked) continue;
    const draft = [draftOf(conversationId), text].filter(Boolean).join("\n\n");
    useDrafts.getState().write(conversationId, draft);
  }
}

function readKept(): Pick<Editing, "texts" | "origins"> {
  const texts: Record<string, string> = {};
  const origins: Record<string, Origin> = {};
  for (const key of storedKeys(KEY)) {
    const messageId = key.slice(KEY.length);
    const found = readStored(key);
    if (!isKept(found)) {
      store(key, undefined);
      continue;
    }
    const { text, conversationId, asked } = found;
    texts[messageId] = text;
    origins[messageId] = { conversationId, asked };
  }
  return { texts, origins };
}

function isKept(value: unknown): value is Origin & { readonly text: string } {
  if (typeof value !== "object" || value === null) return false;
  const { text, conversationId, asked } = value as Record<string, unknown>;
  return typeof text === "string" && typeof conversationId === "string" && typeof asked === "string";
}
