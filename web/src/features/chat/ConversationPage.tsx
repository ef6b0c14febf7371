/** A conversation, or the beginning of a new one. */
export function ConversationPage({ conversationId }: { readonly conversationId: string | undefined }) {
  return <div>{conversationId}</div>;
}
