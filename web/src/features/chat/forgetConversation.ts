import { abandon } from "./answering";
import { forgetEditsOf } from "./editing";
import { turnsOf } from "./liveTurns";
import { forget, keptTurns } from "./pendingTurns";

/** The conversation is deleted: nothing of it is asked for, shown or kept any more. */
export function forgetConversation(id: string): void {
  for (const { key } of turnsOf(id)) abandon(key);
  for (const { key, conversationId } of keptTurns()) if (conversationId === id) forget(key);
  forgetEditsOf(id);
}
