/**
 * Whether the server answers. Being offline says nothing by itself: the server may well run on the same machine. So the server is
 * asked: at the start, when a request found no connection, when the browser's network changes, and again until it answers.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "~/api/errors";
import { keys, useHealth } from "~/api/queries";

const isOffline = (error: unknown): boolean => error instanceof ApiError && error.code === "offline";

export function useConnection(): { readonly lost: boolean; readonly retry: () => void } {
  const client = useQueryClient();
  const { status, error, refetch } = useHealth();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    // Where the server never answered, each question is "pending" again, without the error of the one before.
    if (status !== "pending") setLost(isOffline(error));
  }, [status, error]);
  useEffect(() => {
    const ask = (): void => void refetch();
    addEventListener("online", ask);
    addEventListener("offline", ask);
    const stop = client.getQueryCache().subscribe(({ type, query }) => {
      const failedNow =
        type === "updated" && query.queryKey[0] !== keys.health[0] && isOffline(query.state.error);
      if (failedNow && query.state.fetchStatus === "idle" && !lost) ask();
    });
    return () => {
      removeEventListener("online", ask);
      removeEventListener("offline", ask);
      stop();
    };
  }, [client, refetch, lost]);

  const wasLost = useRef(false);
  useEffect(() => {
    if (wasLost.current && !lost) {
      // What failed meanwhile is fetched, and what is old.
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.health[0] });
    }
    wasLost.current = lost;
  }, [lost, client]);
  return { lost, retry: () => void refetch() };
}
