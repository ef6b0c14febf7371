/** The listing of conversations, as the server has it. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { api, dataOf } from "~/api/client";
import { ApiError } from "~/api/errors";
import { keys } from "~/api/queries";
import { type Known, type Page, withNewest, withOlder } from "./pages";

const PAGE_SIZE = 100;

/**
 * The conversations as far as they were loaded, latest turn first. Fetching again asks for the newest page only: invalidating
 * `keys.conversations` after every answer stays cheap. Whoever adds conversations of the past (an import) resets the key instead.
 */
export function useConversations() {
  const client = useQueryClient();
  return useQuery({
    queryKey: keys.conversations,
    queryFn: async ({ signal }): Promise<Known> => {
      const page = await fetchPage(undefined, signal);
      // Read only now: older pages may have come meanwhile.
      return withNewest(client.getQueryData(keys.conversations), page);
    },
  });
}

export interface OlderPages {
  /** Fetches the next page, unless that is under way or there is none. */
  readonly load: () => void;
  readonly loading: boolean;
  /** Why the last attempt failed. */
  readonly error: unknown;
}

export function useOlderPages(): OlderPages {
  const client = useQueryClient();
  const [loading, setLoading] = useState(false);
  const [error, setError] = useState<unknown>();
  const running = useRef(false);
  const load = useCallback(() => {
    const cursor = client.getQueryData<Known>(keys.conversations)?.cursor;
    if (!cursor || running.current) return;
    running.current = true;
    setLoading(true);
    setError(undefined);
    addOlder(client, cursor)
      .catch(setError)
      .finally(() => {
        running.current = false;
        setLoading(false);
      });
  }, [client]);
  return { load, loading, error };
}

async function addOlder(client: QueryClient, cursor: string): Promise<void> {
  try {
    const page = await fetchPage(cursor);
    changeKnown(client, (known) => withOlder(known, page, cursor));
  } catch (error) {
    // The place that the cursor stands for is gone: from the start again.
    if (error instanceof ApiError && error.status === 422)
      return await client.resetQueries({ queryKey: keys.conversations });
    throw error;
  }
}

/** Changes what is known, without making it look as if it had been fetched just now. */
export function changeKnown(client: QueryClient, change: (known: Known) => Known): void {
  const updatedAt = client.getQueryState(keys.conversations)?.dataUpdatedAt;
  client.setQueryData<Known>(
    keys.conversations,
    (known) => known && change(known),
    updatedAt === undefined ? {} : { updatedAt },
  );
}

async function fetchPage(cursor: string | undefined, signal?: AbortSignal): Promise<Page> {
  const query = cursor ? { limit: PAGE_SIZE, cursor } : { limit: PAGE_SIZE };
  return dataOf(await api.GET("/conversations", { params: { query }, ...(signal ? { signal } : {}) }));
}
