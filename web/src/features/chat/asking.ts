/** What a user can ask for: a new turn, an answer again, a question changed, another try. */
import { navigate } from "wouter/use-browser-location";
import { paths } from "~/app/routes";
import { choicesOf, NEW, useChoicesStore } from "~/state/choices";
import { draftOf } from "~/state/drafts";
import { dismiss, start } from "./answering";
import { endEdit } from "./editing";
import { giveBack } from "./givingBack";
import { identifier } from "./identifier";
import { answeringTurnOf, turnOf, turnsOf, useLiveTurns } from "./liveTurns";
import { type Asked, isUnsettled, keyHolds, requestOf, type TurnKind } from "./turn";

const choicesFor = (conversationId: string) =>
  choicesOf(useChoicesStore.getState().byConversation, conversationId);

/** What a turn is refused with whose `replaces` names a message that is not there any more, or lies too far back. */
const GONE: ReadonlySet<string> = new Set(["not_found", "conversation_changed", "invalid_field"]);

interface Wish {
  readonly conversationId: string;
  readonly message: string;
  readonly kind: TurnKind;
  readonly begins?: boolean;
  readonly replaces?: string;
  readonly override?: string | undefined;
}

function askedOf({ conversationId, message, kind, begins = false, replaces, override }: Wish): Asked {
  const body = requestOf(message, conversationId, choicesFor(conversationId), { replaces, model: override });
  return { key: identifier(), conversationId, begins, kind, body, override, askedAt: Date.now() };
}

/**
 * Sends a message, in a conversation or, where none is named, in a new one, to which the page goes. The id of a new one is made here:
 * so the address is right from the beginning, and a reload finds the turn again. Returns the conversation's id, or `undefined`
 * where the conversation is being answered already.
 */
export function send(conversationId: string | undefined, message: string): string | undefined {
  if (conversationId && answeringTurnOf(conversationId)) return undefined;
  const id = conversationId ?? identifier();
  if (!conversationId) useChoicesStore.getState().adopt(id);
  // Where the first turn failed, there is no conversation yet, and this one begins it.
  const begins =
    !conversationId || turnsOf(conversationId).some((turn) => turn.begins && turn.phase === "failed");
  start(askedOf({ conversationId: id, message, kind: "ask", begins }));
  if (!conversationId) navigate(paths.conversation(id));
  return id;
}

/** Asks the question again whose answer this is; the answer, and what came after it, give way to the new one. */
export function regenerate(
  conversationId: string,
  question: string,
  answerId: string,
  model?: string,
): boolean {
  if (answeringTurnOf(conversationId)) return false;
  const wish = { conversationId, message: question, kind: "regenerate", replaces: answerId } as const;
  start(askedOf({ ...wish, override: model }));
  return true;
}

/** Sends a question in other words; it and what came after it give way. */
export function resend(conversationId: string, questionId: string, message: string): boolean {
  if (answeringTurnOf(conversationId)) return false;
  start(askedOf({ conversationId, message, kind: "edit", replaces: questionId }));
  endEdit(questionId);
  return true;
}

/**
 * Tries a failed turn again. With the same key where the server may have answered after all: then it gives that answer, and no second
 * turn is made. What it refused, or what is too old for that, is asked anew, with what the user has chosen since.
 */
export function retry(key: string): boolean {
  const turn = turnOf(key);
  if (turn?.phase !== "failed" || answeringTurnOf(turn.conversationId)) return false;
  if (turn.error && isUnsettled(turn, turn.error) && keyHolds(turn, Date.now())) {
    start(turn, true);
    return true;
  }
  const { conversationId, kind, begins, body, override } = turn;
  const replaces = body.replaces ?? undefined;
  dismiss(key);
  start(
    askedOf({ conversationId, message: body.message, kind, begins, override, ...(replaces && { replaces }) }),
  );
  return true;
}

/** Puts a failed question back to where it was typed. */
export function takeBack(key: string): void {
  const turn = turnOf(key);
  if (turn?.phase !== "failed") return;
  dismiss(key);
  giveBack(turn, GONE.has(turn.error?.code ?? ""));
}

/**
 * A first turn that was refused is of a conversation that no list shows. Whoever has left that one finds the question in the box of a new
 * conversation, once that box is empty; until then it is kept as it is.
 */
export function takeBackUnlisted(openId: string | undefined): void {
  for (const turn of Object.values(useLiveTurns.getState().turns)) {
    const { key, conversationId, phase, begins, error } = turn;
    if (phase !== "failed" || !begins || conversationId === openId || answeringTurnOf(conversationId))
      continue;
    if (error && isUnsettled(turn, error) && keyHolds(turn, Date.now())) continue;
    if (draftOf(NEW) !== "") return;
    takeBack(key);
  }
}
