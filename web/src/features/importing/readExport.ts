/** Files to conversations. Runs in a worker: parsing an export takes seconds. */
import { fromChatGpt, isChatGpt } from "./chatgpt";
import { type Conversation, isRecord, type Notes } from "./conversation";
import { fromOwn, isNewer, isOwn } from "./ownExport";
import { ImportProblem } from "./problem";
import { entriesOf, isZip, LimitedText, unpack } from "./zip";

/** Characters of JSON are at most half a gigabyte, and what they stand for takes several times as much memory. */
const LARGEST_JSON = 300 * 1024 * 1024;
const LARGEST_TOTAL = 500 * 1024 * 1024;
const MOST_FILES = 20_000;

export interface ReadResult {
  readonly conversations: readonly Conversation[];
  /** Entries that are no conversations, or in which nothing was said. */
  readonly skipped: number;
}

/** Throws `ImportProblem`. Conversations with nothing said in them are left out. */
export async function readExport(
  files: readonly Blob[],
  notes: Notes,
  now = Date.now(),
): Promise<ReadResult> {
  const budget = { left: LARGEST_TOTAL };
  const found = new Found();
  for (const file of files) {
    for await (const text of textsOf(file, budget)) found.add(parsed(text), notes, now * 1_000);
  }
  if (found.byId.size === 0) throw new ImportProblem(found.skipped > 0 ? "nothingInside" : "notAnExport");
  const newest = (conversation: Conversation): number => conversation.changed ?? 0;
  const conversations = [...found.byId.values()].sort((a, b) => newest(b) - newest(a));
  return { conversations, skipped: found.skipped };
}

class Found {
  readonly byId = new Map<string, Conversation>();
  skipped = 0;

  add(json: unknown, notes: Notes, now: number): void {
    for (const item of itemsOf(json)) {
      const conversation = conversationOf(item, notes, now);
      if (!conversation || conversation.messages.length === 0) this.skipped += 1;
      else this.keep(conversation);
    }
  }

  /** Parts of an export may hold a conversation twice: the one with more in it counts. */
  private keep(conversation: Conversation): void {
    const before = this.byId.get(conversation.id);
    if (!before || before.messages.length < conversation.messages.length)
      this.byId.set(conversation.id, conversation);
  }
}

async function* textsOf(file: Blob, budget: { left: number }): AsyncGenerator<string> {
  if (!(await isZip(file))) {
    if (file.size > Math.min(LARGEST_JSON, budget.left)) throw new ImportProblem("tooLarge");
    const text = new LimitedText(LARGEST_JSON);
    text.add(new Uint8Array(await file.arrayBuffer()));
    budget.left -= file.size;
    yield text.end();
    return;
  }
  const entries = (await entriesOf(file)).filter(({ name }) => name.toLowerCase().endsWith(".json"));
  // ChatGPT's archives hold other JSON (feedback, shared links); ours hold a file a conversation.
  const named = entries.filter(({ name }) => /(?:^|\/)conversations(?:[-_]\d+)?\.json$/i.test(name));
  const chosen = named.length > 0 ? named : entries;
  if (chosen.length === 0) throw new ImportProblem("notAnExport");
  if (chosen.length > MOST_FILES) throw new ImportProblem("tooLarge");
  for (const entry of chosen) {
    const text = await unpack(file, entry, Math.min(LARGEST_JSON, budget.left));
    budget.left -= text.length;
    yield text;
  }
}

function parsed(text: string): unknown {
  // A file that is no text at all gets a plainer sentence than one whose end is missing.
  if (!/^\s*[[{]/.test(text.slice(0, 1_000).replace(/^\ufeff/, ""))) throw new ImportProblem("notAnExport");
  try {
    return JSON.parse(text.replace(/^\ufeff/, "")) as unknown;
  } catch {
    throw new ImportProblem("brokenJson");
  }
}

function conversationOf(item: unknown, notes: Notes, now: number): Conversation | undefined {
  if (isOwn(item) && isNewer(item)) throw new ImportProblem("tooNew");
  if (isOwn(item)) return fromOwn(item, now);
  return isChatGpt(item) ? fromChatGpt(item, notes, now) : undefined;
}

function itemsOf(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  if (isRecord(json) && Array.isArray(json.conversations)) return json.conversations;
  return isOwn(json) || isChatGpt(json) ? [json] : [];
}
