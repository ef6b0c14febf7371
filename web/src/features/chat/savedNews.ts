/** Who wants to know that the saved messages of a conversation are no longer what they were. */
type Listener = (conversationId: string) => void;
const listeners = new Set<Listener>();

/** Calls the listener with the id of each such conversation. Returns how to stop listening. */
export function onTurnSaved(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const tellSaved: Listener = (conversationId) => {
  for (const listener of listeners) listener(conversationId);
};
