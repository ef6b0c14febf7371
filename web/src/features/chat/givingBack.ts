/** A question that was not answered goes back to where it was typed. */
import { navigate } from "wouter/use-browser-location";
import { paths } from "~/app/routes";
import { NEW, useChoicesStore } from "~/state/choices";
import { draftOf, useDrafts } from "~/state/drafts";
import { endEditsBut, openEdit, useEditing, writeEdit } from "./editing";
import type { Asked } from "./turn";

/** `isGone`: the message that was to be replaced is not there any more, so that it cannot be edited again. */
export function giveBack(asked: Asked, isGone = false): void {
  const { kind, body, conversationId, begins } = asked;
  if (kind === "regenerate") return;
  if (kind === "edit" && body.replaces && !isGone) {
    giveBackEdit(body.replaces, body.message, conversationId);
    return;
  }
  if (begins) leaveConversation(conversationId);
  const place = begins ? NEW : conversationId;
  const typedMeanwhile = begins ? [draftOf(conversationId), draftOf(NEW)] : [draftOf(place)];
  const { write } = useDrafts.getState();
  write(place, joined([body.message, ...typedMeanwhile]));
  if (begins) write(conversationId, "");
}

const joined = (texts: readonly string[]): string => texts.filter(Boolean).join("\n\n");

/** The editor may have been opened again, and hold something else by now. */
function giveBackEdit(messageId: string, text: string, conversationId: string): void {
  const { texts, origins } = useEditing.getState();
  const typedMeanwhile = texts[messageId] ?? "";
  const asked = origins[messageId]?.asked;
  openEdit(messageId, asked ?? "", conversationId);
  const isUnchanged = typedMeanwhile === asked || typedMeanwhile === text;
  writeEdit(messageId, joined([text, isUnchanged ? "" : typedMeanwhile]));
}

/** There is no such conversation after all. */
function leaveConversation(conversationId: string): void {
  const { byConversation, choose, forget } = useChoicesStore.getState();
  const chosen = byConversation[conversationId];
  if (chosen) choose(NEW, chosen);
  forget(conversationId);
  if (location.pathname === paths.conversation(conversationId)) navigate(paths.home, { replace: true });
}

/** What was typed in a conversation that is gone is in the box of a new one. */
export function rescueTyped(conversationId: string): void {
  endEditsBut(conversationId, () => false);
  const typed = draftOf(conversationId);
  if (typed === "") return;
  const { write } = useDrafts.getState();
  write(NEW, joined([draftOf(NEW), typed]));
  write(conversationId, "");
}
