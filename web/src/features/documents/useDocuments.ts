/** The documents of the user, as the listing has them and as they were seen since. */
import { type InfiniteData, type QueryClient, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { keys } from "~/api/queries";
import { usePendingDocuments } from "./deleting";
import { isFinished, type SeenById } from "./documentWatch";
import { type DocumentList, type DocumentView, transport } from "./transport";
import { documentWatch, useSeenDocuments } from "./uploads";

type Pages = InfiniteData<DocumentList, string | undefined>;

const KEY = [...keys.documents, "list"] as const;
/** The rest comes when it is scrolled to, searched or sorted. */
const PAGES_AT_ONCE = 5;

export interface Documents {
  readonly documents: readonly DocumentView[];
  readonly error: Error | null;
  readonly isPending: boolean;
  /** Whether there are more than those that are here. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
  readonly reload: () => void;
}

/** `all` has every page loaded, one after the other. */
export function useDocuments({ all = false, poll }: { all?: boolean; poll?: number } = {}): Documents {
  const query = useInfiniteQuery({
    queryKey: KEY,
    queryFn: ({ pageParam }) => transport.list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // What others put into the folder or bucket. A long listing is too much for that.
    refetchInterval: (current) =>
      poll !== undefined && (current.state.data?.pages.length ?? 1) <= 2 ? poll : false,
  });
  const { data, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage, dataUpdatedAt } = query;
  const seen = useSeenDocuments();
  const pending = usePendingDocuments();

  const loaded = data?.pages.length ?? 0;
  useEffect(() => {
    const isWanted = all || loaded < PAGES_AT_ONCE;
    if (isWanted && hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [all, loaded, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);

  const documents = useMemo(
    () => merged(data?.pages ?? [], seen, dataUpdatedAt, pending),
    [data, seen, dataUpdatedAt, pending],
  );
  useWatched(documents);
  return {
    documents,
    error: query.error,
    isPending: query.isPending,
    hasMore: hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => {
      if (hasNextPage && !isFetching) void fetchNextPage();
    },
    reload: () => void query.refetch(),
  };
}

/** The listing with what is known better since it came, without what is about to be deleted. */
export function merged(
  pages: readonly DocumentList[],
  seen: SeenById,
  listedAt: number,
  pending: ReadonlySet<string>,
): readonly DocumentView[] {
  const byId = new Map<string, DocumentView>();
  for (const listed of pages.flatMap((page) => page.documents)) {
    const id = listed.document_id;
    const since = seen[id];
    const known = since && since.at >= listedAt ? since.view : listed;
    // Pages that shifted between two requests hold one twice.
    if (known && !pending.has(id)) byId.set(id, known);
  }
  return [...byId.values()];
}

/** Takes documents out of the listing: they are deleted. */
export function forgetDocuments(client: QueryClient, ids: readonly string[]): void {
  const gone = new Set(ids);
  client.setQueryData<Pages>(KEY, (data) =>
    data === undefined
      ? data
      : {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            documents: page.documents.filter(({ document_id }) => !gone.has(document_id)),
          })),
        },
  );
}

/** Follows those that are being read, as long as they are shown. */
function useWatched(documents: readonly DocumentView[]): void {
  const unfinished = documents.filter((view) => !isFinished(view)).map((view) => view.document_id);
  // A value that stays the same as long as they do.
  const key = unfinished.join(",");
  useEffect(() => documentWatch.watch(key ? key.split(",") : []), [key]);
}
