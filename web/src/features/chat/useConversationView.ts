import { useEffect, useMemo } from "react";
import { ApiError } from "~/api/errors";
import { type ConversationData, type MessageView, useConversation } from "./conversation";
import { dropTurn, useTurnsOf } from "./liveTurns";
import { type Row, rowsOf, unsaved } from "./rows";
import { isAnswering, type LiveTurn } from "./turn";

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
  const isUnborn = turns.some((turn) => turn.begins && turn.phase !== "done");
  const { data, error, refetch } = useConversation(id ?? "", id !== undefined && !isUnborn);
  const messages = data?.messages ?? NONE;
  const rows = useMemo(() => rowsOf(messages, turns), [messages, turns]);
  useEffect(() => {
    const left = new Set(unsaved(messages, turns));
    for (const turn of turns) if (!left.has(turn)) dropTurn(turn.key);
  }, [messages, turns]);
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
