/** What is known of an answer besides its text, whether it is saved or was just written. Pure. */
import type { Retrieval, StopReason, Usage } from "~/api/chatStream";
import type { Citation } from "~/state/panel";
import type { AnswerRow } from "./rows";

export interface AnswerFacts {
  readonly isComplete: boolean;
  readonly messageId: string | undefined;
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  readonly stopReason: StopReason | undefined;
  readonly retrieval: Retrieval | undefined;
  readonly fallback: string | undefined;
  readonly citations: readonly Citation[];
  readonly createdAt: string | undefined;
}

export function factsOf({ message, turn }: AnswerRow): AnswerFacts {
  if (message) {
    return {
      isComplete: true,
      messageId: message.message_id,
      model: message.model ?? undefined,
      usage: message.usage ?? undefined,
      stopReason: message.stop_reason ?? undefined,
      retrieval: message.retrieval ?? undefined,
      fallback: undefined,
      citations: message.citations ?? NONE,
      createdAt: message.created_at,
    };
  }
  return {
    isComplete: turn?.phase === "done",
    messageId: turn?.messageId,
    model: turn?.model,
    usage: turn?.usage,
    stopReason: turn?.stopReason,
    retrieval: turn?.retrieval,
    fallback: turn?.fallback,
    citations: turn?.citations ?? NONE,
    createdAt: undefined,
  };
}

const NONE: readonly Citation[] = [];

/** Numbers that the text cites, as in [2]. */
export function citedIn(text: string): ReadonlySet<number> {
  return new Set([...text.matchAll(/\[(\d{1,4})\]/g)].map(([, number]) => Number(number)));
}
