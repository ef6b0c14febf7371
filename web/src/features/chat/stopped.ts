/** What becomes of a turn that was stopped and ended without `done`. */
import { ApiError } from "~/api/errors";
import { isListed, isSaved } from "./conversation";
import { giveBack } from "./givingBack";
import { changeTurn, dropTurn, textOf, turnOf } from "./liveTurns";
import { forget, keep } from "./pendingTurns";
import { tellSaved } from "./savedNews";
import type { LiveTurn } from "./turn";

/** The server may save what it wrote a little later than it was given up, and reading may fail. */
const READ_AGAIN_MS = [1_000, 3_000, 8_000];

/**
 * What was written stays in view until it is saved; a question of which nothing is written or saved goes back to where it was typed.
 * `isRefused`: the server has said that it saved nothing.
 */
export async function endStopped(turn: LiveTurn, isRefused: boolean): Promise<void> {
  const { key } = turn;
  if (textOf(key)) {
    changeTurn(key, (now) => ({ ...now, phase: "done", stopReason: "stopped" }));
    if ((await lookFor(turn, (found) => found === true)) !== true) leaveOpen(turn);
    return;
  }
  const found = isRefused ? false : await lookFor(turn, (answer) => answer !== undefined);
  // It may have been taken away meanwhile, with its conversation.
  if (!turnOf(key)) return;
  if (found === undefined) {
    leaveOpen(turn);
    return;
  }
  forget(key);
  if (found) {
    changeTurn(key, (now) => ({ ...now, phase: "done", stopReason: "stopped" }));
  } else {
    dropTurn(key);
    giveBack(turn);
  }
  tellSaved(turn.conversationId);
}

/** Whether the turn is saved, once that is what was looked for; otherwise what was found last, `undefined` where reading failed. */
async function lookFor(
  turn: LiveTurn,
  isEnough: (found: boolean | undefined) => boolean,
): Promise<boolean | undefined> {
  let found = await lookOnce(turn);
  for (const wait of READ_AGAIN_MS) {
    if (isEnough(found) || !turnOf(turn.key)) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
    found = await lookOnce(turn);
  }
  if (found) {
    forget(turn.key);
    tellSaved(turn.conversationId);
  }
  return found;
}

async function lookOnce({ conversationId, messageId, begins }: LiveTurn): Promise<boolean | undefined> {
  // The server never began it, as far as anybody knows.
  if (!messageId) return false;
  const looked = begins ? isListed(conversationId) : isSaved(conversationId, messageId);
  return looked.catch(() => undefined);
}

/** Nobody knows what the server made of it: the question and what was written stay, and trying again takes the same key. */
function leaveOpen(turn: LiveTurn): void {
  if (!turnOf(turn.key)) return;
  keep({ ...turn, mayBeAnswered: true });
  const error = new ApiError(0, "stream_broken", "");
  changeTurn(turn.key, (now) => ({
    ...now,
    phase: "failed",
    stopReason: undefined,
    mayBeAnswered: true,
    error,
  }));
}
