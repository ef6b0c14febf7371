/** Conversations that this chatbot exported (`GET /conversations/{id}/export?format=json`). Pure. */
import {
  type Conversation,
  cleanModel,
  cleanText,
  cleanTitle,
  idOf,
  isRecord,
  type Message,
  textOf,
  timeOf,
} from "./conversation";

export const FORMAT = "chatbot-conversation";
const VERSION = 1;

type Json = Readonly<Record<string, unknown>>;

export const isOwn = (value: unknown): value is Json => isRecord(value) && value.format === FORMAT;

/** Of a version that this page does not know yet. */
export const isNewer = ({ version }: Json): boolean => typeof version !== "number" || version > VERSION;

export function fromOwn(source: Json, now: number): Conversation {
  const messages = Array.isArray(source.messages) ? source.messages : [];
  const title = cleanTitle(source.title, "Chatbot");
  const begun = timeOf(source.created_at, now);
  return {
    id: idOf("", textOf(source.conversation_id) || `${title} ${begun ?? ""}`),
    title,
    begun,
    changed: timeOf(source.updated_at, now) ?? begun,
    messages: messages.flatMap((message) => messageOf(message, now)),
  };
}

function messageOf(message: unknown, now: number): Message[] {
  if (!isRecord(message)) return [];
  const { role, text, created_at, model } = message;
  const clean = cleanText(textOf(text));
  if ((role !== "user" && role !== "assistant") || clean === "") return [];
  const known = role === "assistant" ? cleanModel(model) : undefined;
  return [{ role, text: clean, time: timeOf(created_at, now), ...(known ? { model: known } : {}) }];
}
