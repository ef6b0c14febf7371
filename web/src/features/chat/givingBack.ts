/** A question that was not answered goes back to where it was typed. */
import { navigate } from "wouter/use-browser-location";
import { paths } from "~/app/routes";
import { NEW, useChoicesStore } from "~/state/choices";
import { draftOf, useDrafts } from "~/state/drafts";
import { openEdit } from "./editing";
import type { Asked } from "./turn";

/** `isGone`: the message that was to be replaced is not there any more, so that it cannot be edited again. */
export function giveBack(asked: Asked, isGone = false): void {
  const { kind, body, conversationId, begins } = asked;
  if (kind === "regenerate") return;
  if (kind === "edit" && body.replaces && !isGone) {
    openEdit(body.replaces, body.message);
    return;
  }
  if (begins) leaveConversation(conversationId);
  const place = begins ? NEW : conversationId;
  const typedMeanwhile = begins ? [draftOf(conversationId), draftOf(NEW)] : [draftOf(place)];
  const { write } = useDrafts.getState();
  write(place, [body.message, ...typedMeanwhile].filter(Boolean).join("\n\n"));
  if (begins) write(conversationId, "");
}

/** There is no such conversation after all. */
function leaveConversation(conversationId: string): void {
  const { byConversation, choose, forget } = useChoicesStore.getState();
  const chosen = byConversation[conversationId];
  if (chosen) choose(NEW, chosen);
  forget(conversationId);
  if (location.pathname === paths.conversation(conversationId)) navigate(paths.home, { replace: true });
}
