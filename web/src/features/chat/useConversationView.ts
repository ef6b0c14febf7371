import { useEffect, useMemo } from "react";
import { ApiError } from "~/api/errors";
import { dismiss } from "./answering";
import { type ConversationData, type MessageView, useConversation } from "./conversation";
import { endEditsBut } from "./editing";
import { changeTurn, dropTurn, useTurnsOf } from "./liveTurns";
import { type Row, rowsOf, unsaved } from "./rows";
import { isAnswering, isUnsettled, type LiveTurn } from "./turn";

export interface ConversationViewState {
  readonly state: "new" | "loading" | "missing" | "failed" | "open";
  readonly data: ConversationData | undefined;
  readonly rows: readonly Row[];
  readonly turns: readonly LiveTurn[];
  readonly answering: LiveTurn | undefined;
  readonly error: unknown;
  readonly reload: () => void;
}

const NONE: readonly MessageView[] = [];

/** All that there is of a conversation: what the server has saved, and what this page knows beyond that. */
export function useConversationView(id: string | undefined): ConversationViewState {
  const turns = useTurnsOf(id ?? "");
  // Nothing of it is on the server before its first turn is saved.
  const isUnborn = turns.some((turn) => turn.begins && !mayBeSaved(turn));
  const { data, error, refetch } = useConversation(id ?? "", id !== undefined && !isUnborn);
  const messages = data?.messages ?? NONE;
  const rows = useMemo(() => rowsOf(messages, turns), [messages, turns]);
  useEffect(() => {
    if (id !== undefined && data) tidy(id, data, turns);
  }, [id, data, turns]);
  return {
    state: stateOf(id, data, error, turns),
    data,
    rows,
    turns,
    answering: turns.find(isAnswering),
    error,
    reload: () => void refetch(),
  };
}

/** A turn that failed may be on the server all the same, unless that said otherwise. */
const mayBeSaved = (turn: LiveTurn): boolean =>
  turn.phase === "done" || (turn.phase === "failed" && !!turn.error && isUnsettled(turn, turn.error));

/** Lets go of turns and edits that what was read makes needless. */
function tidy(id: string, data: ConversationData, turns: readonly LiveTurn[]): void {
  const { messages, cursor, readAt = 0 } = data;
  const waiting = new Set(unsaved(messages, turns));
  for (const turn of turns) {
    // Saved, and not there: replaced meanwhile, in another tab perhaps.
    const isGone = turn.phase === "done" && turn.savedBy !== undefined && readAt >= turn.savedBy;
    if (isAnswering(turn) && !waiting.has(turn)) dropTurn(turn.key);
    else if (!waiting.has(turn) || isGone) dismiss(turn.key);
    else if (turn.begins && turn.phase === "failed")
      changeTurn(turn.key, (now) => ({ ...now, begins: false }));
  }
  if (cursor !== undefined) return;
  // All messages are known.
  const known = new Set(messages.map((message) => message.message_id));
  endEditsBut(id, (messageId) => known.has(messageId));
}

function stateOf(
  id: string | undefined,
  data: ConversationData | undefined,
  error: unknown,
  turns: readonly LiveTurn[],
): ConversationViewState["state"] {
  if (id === undefined) return "new";
  // Deleted, in another tab perhaps: what was read of it is gone, too.
  const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 422);
  if (isMissing && !turns.some((turn) => turn.phase !== "done")) return "missing";
  if (data || turns.length > 0) return "open";
  return error ? "failed" : "loading";
}
