/** The other side of exportReader.ts. */
import type { FromWorker, ToWorker } from "./exportReader";
import { ImportProblem } from "./problem";
import { readExport } from "./readExport";
import { type Turn, turnsOf } from "./turns";

const kept = new Map<string, readonly Turn[]>();

async function answer(message: ToWorker): Promise<FromWorker> {
  if (message.type === "turns") return { type: "turns", turns: kept.get(message.id) ?? [] };
  const { conversations, skipped } = await readExport(message.files, message.notes);
  const summaries = conversations.map((conversation) => {
    const turns = turnsOf(conversation, message.notes);
    kept.set(conversation.id, turns);
    const { id, title, changed } = conversation;
    return { id, title, changed: changed && changed / 1_000, turns: turns.length };
  });
  return { type: "read", summaries, skipped };
}

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  void answer(data)
    .catch((error: unknown): FromWorker => {
      return { type: "failed", code: error instanceof ImportProblem ? error.code : "unreadable" };
    })
    .then((reply) => postMessage(reply));
});
