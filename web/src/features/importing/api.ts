import { api, dataOf } from "~/api/client";
import type { ImportRequest } from "./importAll";

const PAGE = 100;

export async function sendTurns(request: ImportRequest, signal: AbortSignal) {
  return dataOf(await api.POST("/conversations/import", { body: request, signal }));
}

/** Ids of all conversations that the server holds, page after page. */
export async function* knownIds(signal: AbortSignal): AsyncGenerator<readonly string[]> {
  let cursor: string | undefined;
  do {
    const query = { limit: PAGE, ...(cursor ? { cursor } : {}) };
    const page = dataOf(await api.GET("/conversations", { params: { query }, signal }));
    yield page.conversations.map((header) => header.conversation_id);
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
}

export const wait = (seconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1_000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
