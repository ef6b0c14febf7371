/** Chooses the model of a conversation, with its price. */
export function ModelPicker({ conversationId }: { readonly conversationId: string }) {
  return <div>{conversationId}</div>;
}
