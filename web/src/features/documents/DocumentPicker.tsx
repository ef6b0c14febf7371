/** Chooses which documents a conversation may use. */
export function DocumentPicker({ conversationId }: { readonly conversationId: string }) {
  return <div>{conversationId}</div>;
}
