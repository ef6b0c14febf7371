import { API_BASE, api, apiFetch, dataOf } from "~/api/client";
import type { ConversationSource } from "./exportAll";

const PAGE = 100;

/** The conversations of the server. */
export const conversationsOfApi: ConversationSource = {
  list: async (cursor, signal) => {
    const query = { limit: PAGE, ...(cursor && { cursor }) };
    const page = dataOf(await api.GET("/conversations", { params: { query }, signal }));
    return { conversations: page.conversations, cursor: page.next_cursor ?? undefined };
  },
  read: async (id, format, signal) => {
    const path = `${API_BASE}/conversations/${encodeURIComponent(id)}/export?format=${format}`;
    const response = await apiFetch(new URL(path, location.origin), { signal });
    return new Uint8Array(await response.arrayBuffer());
  },
  wait: (seconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, seconds * 1000);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};
