/** What stands in the view of a conversation, one below the other. Pure. */
import type { MessageView } from "./conversation";
import type { LiveTurn } from "./turn";

export interface QuestionRow {
  readonly kind: "question";
  readonly key: string;
  readonly text: string;
  /** Of a saved one. */
  readonly message?: MessageView;
  readonly editable: boolean;
}

export interface AnswerRow {
  readonly kind: "answer";
  readonly key: string;
  /** Saved; otherwise the turn tells. */
  readonly message?: MessageView;
  readonly turn?: LiveTurn;
  /** What it answers, where it can be answered again. */
  readonly regenerates?: string;
}

export interface FailureRow {
  readonly kind: "failure";
  readonly key: string;
  readonly turn: LiveTurn;
}

export type Row = QuestionRow | AnswerRow | FailureRow;

/** As many turns at the end can be replaced. */
const REPLACEABLE_MESSAGES = 40;

/** The turns that are not among the saved messages. A turn is saved whole, so its reply tells. */
export function unsaved(messages: readonly MessageView[], turns: readonly LiveTurn[]): LiveTurn[] {
  if (turns.length === 0) return [];
  const saved = new Set(messages.map((message) => message.message_id));
  return turns.filter((turn) => !turn.messageId || !saved.has(turn.messageId));
}

/**
 * Saved messages, then the turns that are not saved. What a running turn is to replace is out of view; should it fail, it is there
 * again. The keys stay the same when an answer becomes a saved message, so that nothing is drawn anew.
 */
export function rowsOf(messages: readonly MessageView[], turns: readonly LiveTurn[]): Row[] {
  const waiting = unsaved(messages, turns);
  const replacing = waiting.find((turn) => turn.phase !== "failed" && turn.body.replaces);
  const kept = replacing ? messages.slice(0, startOf(messages, replacing.body.replaces)) : messages;
  // What is just answered stands at the end, and is saved in a moment.
  const isIdle = waiting.every((turn) => turn.phase === "failed");
  return [...savedRows(kept, isIdle), ...waiting.flatMap(liveRows)];
}

function savedRows(messages: readonly MessageView[], isIdle: boolean): Row[] {
  return messages.map((message, index): Row => {
    const editable = isIdle && index >= messages.length - REPLACEABLE_MESSAGES;
    if (message.role === "user") {
      const answer = messages[index + 1];
      const key = questionKey(answer?.role === "assistant" ? answer.message_id : message.message_id);
      return { kind: "question", key, text: message.text, message, editable };
    }
    const question = messages[index - 1];
    const isLast = isIdle && index === messages.length - 1 && question?.role === "user";
    return {
      kind: "answer",
      key: message.message_id,
      message,
      ...(isLast && { regenerates: question.text }),
    };
  });
}

function liveRows(turn: LiveTurn): Row[] {
  const key = turn.messageId ?? turn.key;
  const failed = turn.phase === "failed";
  const question: QuestionRow = {
    kind: "question",
    key: questionKey(key),
    text: turn.body.message,
    editable: false,
  };
  const answer: AnswerRow = { kind: "answer", key, turn };
  // The question of an answer that could not be written again stands above, with the old answer.
  const asked = failed && turn.kind === "regenerate" ? [] : [question];
  if (!failed) return [...asked, answer];
  return [...asked, answer, { kind: "failure", key: `failure ${turn.key}`, turn }];
}

const questionKey = (answerId: string): string => `question ${answerId}`;

/** Where the turn of this message begins; the end where there is no such message. */
function startOf(messages: readonly MessageView[], messageId: string | null | undefined): number {
  const at = messages.findIndex((message) => message.message_id === messageId);
  if (at < 0) return messages.length;
  return messages[at]?.role === "assistant" && messages[at - 1]?.role === "user" ? at - 1 : at;
}
