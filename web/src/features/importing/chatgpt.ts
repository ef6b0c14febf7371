/** Conversations of a ChatGPT export: a tree each, because every edit and every regenerated answer is a branch of its own. Pure. */
import {
  type Conversation,
  cleanModel,
  cleanText,
  cleanTitle,
  idOf,
  isRecord,
  type Message,
  type Notes,
  textOf,
  timeOf,
} from "./conversation";

type Json = Readonly<Record<string, unknown>>;

/** What ChatGPT puts around its references; only its own page can resolve them. */
const REFERENCE = /\ue200[^\ue201]*\ue201/g;

export const isChatGpt = (value: unknown): value is Json => isRecord(value) && isRecord(value.mapping);

/** `now` in microseconds since 1970: nothing was said later. */
export function fromChatGpt(source: Json, notes: Notes, now: number): Conversation {
  const messages = branchOf(source).flatMap((node) => messageOf(node.message, notes, now));
  const key = textOf(source.conversation_id) || textOf(source.id);
  const title = cleanTitle(source.title, "ChatGPT");
  const begun = timeOf(source.create_time, now);
  return {
    id: idOf("chatgpt-", key || `${title} ${begun ?? ""} ${messages[0]?.text ?? ""}`),
    title,
    begun,
    changed: timeOf(source.update_time, now) ?? begun,
    messages,
  };
}

/** From the root to the message that was shown last. */
function branchOf(source: Json): Json[] {
  // A Map: names like `__proto__` are names like all others in it.
  const nodes = new Map(
    Object.entries(source.mapping ?? {}).filter((entry): entry is [string, Json] => isRecord(entry[1])),
  );
  const branch: Json[] = [];
  const seen = new Set<string>();
  let id = nodes.has(textOf(source.current_node)) ? textOf(source.current_node) : latestLeaf(nodes);
  // A node that was seen before: a cycle, which no export has unless somebody made it.
  while (id !== undefined && !seen.has(id)) {
    seen.add(id);
    const node = nodes.get(id);
    if (!node) break;
    branch.push(node);
    id = typeof node.parent === "string" ? node.parent : undefined;
  }
  return branch.reverse();
}

/** Where the export does not say what was shown last: the newest message that nothing follows. */
function latestLeaf(nodes: ReadonlyMap<string, Json>): string | undefined {
  const parents = new Set([...nodes.values()].map((node) => textOf(node.parent)));
  let latest: string | undefined;
  let latestTime = Number.NEGATIVE_INFINITY;
  for (const [id, node] of nodes) {
    if (parents.has(id)) continue;
    const time = isRecord(node.message) ? Number(node.message.create_time ?? 0) : -1;
    if (latest === undefined || time >= latestTime) [latest, latestTime] = [id, time];
  }
  // Cycles only: any of them.
  return latest ?? nodes.keys().next().value;
}

function messageOf(message: unknown, notes: Notes, now: number): Message[] {
  if (!isRecord(message) || !isRecord(message.author)) return [];
  const { role } = message.author;
  if (role !== "user" && role !== "assistant") return [];
  // Words of the model to its tools, and instructions that were not shown.
  const toTool = typeof message.recipient === "string" && message.recipient !== "all";
  const metadata = isRecord(message.metadata) ? message.metadata : {};
  if (toTool || metadata.is_visually_hidden_from_conversation === true) return [];
  const parts = [...partsOf(message.content, notes), ...attachmentsOf(metadata, notes)];
  const text = cleanText(parts.filter((part) => part.trim() !== "").join("\n\n"));
  if (text === "") return [];
  const time = timeOf(message.create_time, now);
  const model = role === "assistant" ? cleanModel(metadata.model_slug) : undefined;
  return [{ role, text, time, ...(model ? { model } : {}) }];
}

function partsOf(content: unknown, notes: Notes): string[] {
  if (!isRecord(content)) return [];
  const { content_type: type, parts, text, language } = content;
  if (type === "code") {
    const fence = textOf(text).includes("```") ? "~~~~" : "```";
    const name = textOf(language);
    return [`${fence}${name === "unknown" ? "" : name}\n${textOf(text)}\n${fence}`];
  }
  // Thoughts and what is sent along with every message are no part of what was said.
  if (type !== "text" && type !== "multimodal_text") return [];
  return Array.isArray(parts) ? parts.map((part) => partText(part, notes)) : [];
}

function partText(part: unknown, notes: Notes): string {
  if (typeof part === "string") return part.replace(REFERENCE, "");
  if (!isRecord(part)) return "";
  const type = textOf(part.content_type);
  if (type === "image_asset_pointer") return `[${notes.image}]`;
  if (type === "audio_transcription") return textOf(part.text);
  if (type.includes("audio") || type.includes("video")) return `[${notes.audio}]`;
  return textOf(part.text);
}

/** Files that were sent along. Images are among the parts already. */
function attachmentsOf(metadata: Json, notes: Notes): string[] {
  if (!Array.isArray(metadata.attachments)) return [];
  return metadata.attachments
    .filter(isRecord)
    .filter(({ mime_type }) => !textOf(mime_type).startsWith("image/"))
    .map(({ name }) => `[${notes.file}${textOf(name) ? `: ${textOf(name).slice(0, 200)}` : ""}]`);
}
