/** What the server holds, as queries that several places share. Keys stand here so that whoever changes something finds them. */
import { QueryClient, useQuery } from "@tanstack/react-query";
import { api, dataOf } from "./client";
import { ApiError } from "./errors";

const HEALTH_AGAIN_MS = 5_000;

export const keys = {
  health: ["health"] as const,
  models: ["models"] as const,
  usage: (days: number) => ["usage", days] as const,
  conversations: ["conversations"] as const,
  conversation: (id: string) => ["conversation", id] as const,
  documents: ["documents"] as const,
  document: (id: string) => ["document", id] as const,
};

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // "Offline" is about the internet; the server may run on this very machine.
        networkMode: "always",
        refetchOnReconnect: true,
        // What the user did wrong does not get right by asking again.
        retry: (count, error) =>
          count < 2 && error instanceof ApiError && error.isTransient && error.status !== 429,
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** Asks again by itself until the server answers. */
export const useHealth = () =>
  useQuery({
    queryKey: keys.health,
    queryFn: async () => dataOf(await api.GET("/health")),
    refetchInterval: ({ state }) => (state.status === "error" ? HEALTH_AGAIN_MS : false),
    retry: false,
  });

export const useModels = () =>
  useQuery({ queryKey: keys.models, queryFn: async () => dataOf(await api.GET("/models")).models });

export const useUsage = (days: number) =>
  useQuery({
    queryKey: keys.usage(days),
    queryFn: async () => dataOf(await api.GET("/usage", { params: { query: { days } } })),
  });
