/** A turn that this page asked for and that is not among the saved messages yet. Pure. */
import type { ChatEvent, ChatRequest, Retrieval, Stage, StopReason, Usage } from "~/api/chatStream";
import type { ApiError } from "~/api/errors";
import type { Choices } from "~/state/choices";
import type { Citation } from "~/state/panel";

export type TurnKind = "ask" | "edit" | "regenerate";

/** What a turn is, as it is kept for a reload. */
export interface Asked {
  /** The Idempotency-Key: the same key and body never make two turns. */
  readonly key: string;
  readonly conversationId: string;
  /** The conversation begins with it: nothing of it is on the server before this turn is saved. */
  readonly begins: boolean;
  readonly kind: TurnKind;
  readonly body: ChatRequest;
  /** Model for this turn alone, whatever the conversation's is. */
  readonly override?: string | undefined;
  readonly askedAt: number;
  /** The reply's, from the `start` event on. */
  readonly messageId?: string | undefined;
  /** A request for it was sent whose end nobody heard. */
  readonly mayBeAnswered?: boolean | undefined;
}

export interface LiveTurn extends Asked {
  readonly phase: "running" | "stopping" | "done" | "failed";
  /** Asked before this page was loaded, and asked for again. */
  readonly resumed: boolean;
  /** Another tab is at it. */
  readonly elsewhere: boolean;
  /** When this page began to wait. */
  readonly since: number;
  readonly model?: string | undefined;
  readonly stage?: Stage | undefined;
  /** The model that took over. */
  readonly fallback?: string | undefined;
  readonly documentsUnavailable: boolean;
  readonly citations: readonly Citation[];
  readonly stopReason?: StopReason | undefined;
  readonly usage?: Usage | undefined;
  readonly retrieval?: Retrieval | undefined;
  readonly error?: ApiError | undefined;
  /** When trying again makes sense, in milliseconds of `Date.now()`. */
  readonly retryAt?: number | undefined;
  /** When it was known to be saved, in milliseconds of `Date.now()`. */
  readonly savedBy?: number | undefined;
}

/** Codes of failures that leave open whether the server has answered. */
const OPEN_ENDS: ReadonlySet<string> = new Set([
  "offline",
  "stream_broken",
  "timeout",
  "unreadable",
  "unfinished",
]);

/** Whether the server may have answered though we did not hear it: only the same key makes trying again safe. */
export const isOpen = (error: { readonly code: string; readonly status: number }): boolean =>
  OPEN_ENDS.has(error.code) || error.code === "server_failed";

/** Whether it is still open, after this failure, that the server has answered. */
export function isUnsettled(turn: Asked, error: { readonly code: string; readonly status: number }): boolean {
  // What a request is refused with over HTTP tells nothing of one before it; what the stream says comes from the turn itself.
  return isOpen(error) || (turn.mayBeAnswered === true && error.status > 0);
}

/** The server keeps the answers of a key for a day. Beyond it the same question would be answered anew. */
const KEY_HOLDS_MS = 23 * 60 * 60 * 1000;

/** Whether asking again with the turn's key still gives the one answer. */
export const keyHolds = (turn: Asked, now: number): boolean => now - turn.askedAt < KEY_HOLDS_MS;

export const isAnswering = (turn: LiveTurn): boolean => turn.phase === "running" || turn.phase === "stopping";

/** A turn that is about to be sent, or sent again. */
export function begun(asked: Asked, now: number, resumed = false): LiveTurn {
  const { key, conversationId, begins, kind, body, override, askedAt, messageId } = asked;
  const mayBeAnswered = asked.mayBeAnswered || resumed;
  return {
    ...{ key, conversationId, begins, kind, body, override, askedAt, messageId, mayBeAnswered },
    ...{ phase: "running", resumed, elsewhere: false, since: now },
    ...{ documentsUnavailable: false, citations: [] },
  };
}

/** The turn after an event; text is kept apart, because it changes with every frame. */
export function withEvent(turn: LiveTurn, event: Exclude<ChatEvent, { type: "delta" }>): LiveTurn {
  switch (event.type) {
    case "start":
      return { ...turn, messageId: event.message_id, model: event.model, resumed: false, citations: [] };
    case "status":
      return {
        ...turn,
        stage: event.stage,
        ...(event.stage === "documents_unavailable" && { documentsUnavailable: true }),
        ...(event.stage === "fallback" && event.model && { fallback: event.model, model: event.model }),
      };
    case "citations":
      return { ...turn, citations: event.citations };
    case "done":
      return {
        ...turn,
        phase: "done",
        model: event.model,
        stopReason: event.stop_reason,
        usage: event.usage,
        retrieval: event.retrieval,
      };
  }
}

/** What is asked, with what the user chose for the conversation. */
export function requestOf(
  message: string,
  conversationId: string,
  choices: Choices,
  more: { readonly replaces?: string | undefined; readonly model?: string | undefined } = {},
): ChatRequest {
  const model = more.model ?? choices.model;
  return {
    message,
    conversation_id: conversationId,
    use_documents: choices.useDocuments,
    ...(model && { model }),
    ...(choices.useDocuments && choices.documentIds && { document_ids: [...choices.documentIds] }),
    ...(more.replaces && { replaces: more.replaces }),
  };
}

/** As the API counts them: characters, not UTF-16 units. */
export function lengthOf(text: string): number {
  if (text.length <= LONGEST_MESSAGE) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

export const LONGEST_MESSAGE = 32_000;

/** What is sent of what was typed: JSON may spell NUL and half a surrogate pair, the API takes neither. */
export function sendable(typed: string): string {
  return typed
    .replaceAll("\0", "")
    .replace(/\p{Surrogate}/gu, "\uFFFD")
    .replace(/^\s*\n/, "")
    .trimEnd();
}
