/** What attaching a document to a conversation does to what the conversation may use. */
import { type Choices, choicesOf, useChoicesStore } from "~/state/choices";

/** As many as the API takes. */
export const MOST_CHOSEN = 100;

/**
 * The choices with the document among them: whoever attaches a file wants answers from it. Where all documents may be used nothing
 * changes; where none may, this one may.
 */
export function withDocument(choices: Choices, documentId: string): Choices {
  const { useDocuments, documentIds } = choices;
  if (!useDocuments) return { ...choices, useDocuments: true, documentIds: [documentId] };
  if (documentIds === undefined || documentIds.includes(documentId)) return choices;
  // One more than the API takes would fail the next message.
  return documentIds.length < MOST_CHOSEN
    ? { ...choices, documentIds: [...documentIds, documentId] }
    : choices;
}

export function attachDocument(conversationId: string, documentId: string): void {
  const { byConversation, choose } = useChoicesStore.getState();
  const before = choicesOf(byConversation, conversationId);
  const after = withDocument(before, documentId);
  if (after !== before) choose(conversationId, after);
}
