import { useDeferredValue, useEffect, useMemo } from "react";
import { foldedTitle, matches, wordsOf } from "./fold";
import type { Header } from "./pages";
import type { OlderPages } from "./queries";

interface TitleSearch {
  /** Folded words of the query; none: nothing is searched for. */
  readonly words: readonly string[];
  readonly found: readonly Header[];
}

/** Titles are encrypted on the server, so they are searched here: while there is a query, the remaining pages are loaded. */
export function useTitleSearch(
  query: string,
  items: readonly Header[],
  cursor: string | undefined,
  older: OlderPages,
): TitleSearch {
  const settled = useDeferredValue(query);
  const words = useMemo(() => wordsOf(settled), [settled]);
  const found = useMemo(
    () => (words.length > 0 ? items.filter((item) => matches(foldedTitle(item), words)) : items),
    [items, words],
  );
  const { load, loading, error } = older;
  const goOn = words.length > 0 && cursor !== undefined && !loading && error === undefined;
  useEffect(() => {
    if (goOn) load();
  }, [goOn, load]);
  return { words, found };
}
