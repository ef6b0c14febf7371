/** Ties the turns of this page to what else it knows: the saved messages, the listing, and other tabs. */
import type { QueryClient } from "@tanstack/react-query";
import { ApiError } from "~/api/errors";
import { keys } from "~/api/queries";
import { follow, start } from "./answering";
import { changeTurn, putTurn, turnOf } from "./liveTurns";
import { keptTurn, keptTurns, onKeptElsewhere, type Pending } from "./pendingTurns";
import { onTurnSaved } from "./savedNews";
import { onTabMessage, tellTabs } from "./tabs";
import { begun, keyHolds } from "./turn";

/** A tab that begins a turn takes its lock at once; whoever hears of the turn asks for the lock after this. */
const LOCKED_BY_MS = 1_000;

let connected: { readonly client: QueryClient; readonly end: () => void } | undefined;

/** Once for the page: takes up the turns that were left unanswered, and keeps everything told of what is saved. */
export function connectTurns(client: QueryClient): void {
  if (connected?.client === client) return;
  connected?.end();
  const ends = [
    onTurnSaved((id) => {
      readAgain(client, id);
      tellTabs({ type: "conversation", id });
    }),
    onTabMessage((message) => {
      if (message.type === "conversation") readAgain(client, message.id);
      else void client.invalidateQueries({ queryKey: keys.conversations });
    }),
    onKeptElsewhere(takeNote),
  ];
  connected = { client, end: () => ends.forEach((end) => void end()) };
  for (const kept of keptTurns()) takeUp(kept, Date.now());
}

function readAgain(client: QueryClient, conversationId: string): void {
  void client.invalidateQueries({ queryKey: keys.conversation(conversationId) });
  void client.invalidateQueries({ queryKey: keys.conversations });
  void client.invalidateQueries({ queryKey: ["usage"] });
}

/** A turn that a page before this one left: asked again with its key, or shown with what it failed with. */
function takeUp(kept: Pending, now: number): void {
  if (turnOf(kept.key)) return;
  const { refusal } = kept;
  if (!refusal && keyHolds(kept, now)) {
    start(kept, true);
    return;
  }
  const { status = 0, code = "unfinished", message = "", requestId } = refusal ?? {};
  putTurn(begun(kept, now));
  const error = new ApiError(status, code, message, { requestId });
  changeTurn(kept.key, (turn) => ({ ...turn, phase: "failed", error }));
}

/** Another tab began, changed or ended a turn. */
function takeNote(key: string): void {
  const kept = keptTurn(key);
  const shown = turnOf(key);
  if (kept && !kept.refusal && !shown) setTimeout(() => !turnOf(key) && follow(key), LOCKED_BY_MS);
  else if (shown?.elsewhere && (!kept || kept.refusal)) follow(key);
}
