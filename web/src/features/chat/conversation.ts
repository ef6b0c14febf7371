/** A conversation as far as it was read: the newest messages, and as many older ones as somebody scrolled to. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { api, dataOf, type Schemas } from "~/api/client";
import { ApiError } from "~/api/errors";
import { keys } from "~/api/queries";

export type MessageView = Schemas["MessageView"];
type Page = Schemas["ConversationView"];

export interface ConversationData {
  readonly conversation: Schemas["ConversationHeader"];
  /** Oldest first, without a gap, up to the newest. */
  readonly messages: readonly MessageView[];
  /** Leads to the messages before. */
  readonly cursor: string | undefined;
  /** When the newest were asked for, in milliseconds of `Date.now()`. */
  readonly readAt?: number;
}

/** A first page opens quickly; older ones come ahead of whoever scrolls. */
const FIRST_PAGE = 100;
const OLDER_PAGE = 200;
const LAST_MESSAGES = 20;
const LAST_CONVERSATIONS = 20;

/** What was read, with the newest page read again. Messages never change, so those that were there stay the same objects. */
export function withNewest(before: ConversationData | undefined, page: Page): ConversationData {
  const { messages: fresh, next_cursor, ...conversation } = page;
  const cursor = next_cursor ?? undefined;
  const oldest = fresh[0]?.message_id;
  const at = before?.messages.findIndex((message) => message.message_id === oldest) ?? -1;
  // What is newer than that and not on the page was replaced; without it there would be a gap.
  if (!before || at < 0) return { conversation, messages: fresh, cursor };
  const known = new Map(before.messages.slice(at).map((message) => [message.message_id, message]));
  const tail = fresh.map((message) => known.get(message.message_id) ?? message);
  return { conversation, messages: [...before.messages.slice(0, at), ...tail], cursor: before.cursor };
}

/** What was read, with the page before it; unchanged where `before` no longer begins where the page was asked from. */
export function withOlder(
  before: ConversationData | undefined,
  page: Page,
  askedFrom: string,
): ConversationData | undefined {
  if (before?.cursor !== askedFrom) return before;
  const known = new Set(before.messages.map((message) => message.message_id));
  const older = page.messages.filter((message) => !known.has(message.message_id));
  return { ...before, messages: [...older, ...before.messages], cursor: page.next_cursor ?? undefined };
}

const readPage = async (id: string, limit: number, cursor?: string, signal?: AbortSignal): Promise<Page> =>
  dataOf(
    await api.GET("/conversations/{conversation_id}", {
      params: { path: { conversation_id: id }, query: { limit, ...(cursor && { cursor }) } },
      ...(signal && { signal }),
    }),
  );

/** Whether there is such a conversation, if it began just now. Asking for one that is not there would be an error. */
export async function isListed(id: string): Promise<boolean> {
  const query = { limit: LAST_CONVERSATIONS };
  const { conversations } = dataOf(await api.GET("/conversations", { params: { query } }));
  return conversations.some((conversation) => conversation.conversation_id === id);
}

/** Whether this message is one of the conversation's last. A conversation that is not there has none. */
export async function isSaved(id: string, messageId: string): Promise<boolean> {
  try {
    const { messages } = await readPage(id, LAST_MESSAGES);
    return messages.some((message) => message.message_id === messageId);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

/** The query under `keys.conversation(id)`. Reading it again costs one request, however long the conversation is. */
export function useConversation(id: string, enabled = true) {
  const client = useQueryClient();
  const queryKey = keys.conversation(id);
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const readAt = Date.now();
      const page = await readPage(id, FIRST_PAGE, undefined, signal);
      return { ...withNewest(client.getQueryData(queryKey), page), readAt };
    },
    enabled,
    // Comparing thousands of messages deeply would take longer than reading them did.
    structuralSharing: false,
  });
}

/** Reads the messages before those that were read; one page at a time. */
export function useOlderMessages(id: string) {
  const client = useQueryClient();
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(false);
  const loading = useRef<string | undefined>(undefined);
  const load = useCallback(async () => {
    const cursor = client.getQueryData<ConversationData>(keys.conversation(id))?.cursor;
    if (!cursor || loading.current === cursor) return;
    loading.current = cursor;
    setLoading(true);
    try {
      await readOlder(client, id, cursor);
      setError(undefined);
    } catch (found) {
      setError(found);
    } finally {
      loading.current = undefined;
      setLoading(false);
    }
  }, [client, id]);
  return { load, isLoading, error };
}

async function readOlder(client: QueryClient, id: string, cursor: string): Promise<void> {
  const page = await readPage(id, OLDER_PAGE, cursor);
  client.setQueryData<ConversationData>(keys.conversation(id), (before) => withOlder(before, page, cursor));
}
