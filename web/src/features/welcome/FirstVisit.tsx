import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { Redirect } from "wouter";
import { api, dataOf } from "~/api/client";
import { Loading } from "~/app/Loading";
import { paths } from "~/app/routes";
import { useShell } from "~/app/shellState";
import { usePreferences } from "~/state/preferences";

interface FirstVisitProps {
  /** Somebody who came by a link to something knows where they are. */
  readonly skip: boolean;
  readonly children: ReactNode;
}

/** Leads to the welcome page, once, whoever comes here for the first time and has no conversations yet. */
export function FirstVisit({ skip, children }: FirstVisitProps) {
  const welcomed = usePreferences((state) => state.welcomed);
  const set = usePreferences((state) => state.set);
  const settled = useShell((state) => state.welcomeSettled);
  const first = useQuery({
    queryKey: ["first-visit"],
    queryFn: async () =>
      dataOf(await api.GET("/conversations", { params: { query: { limit: 1 } } })).conversations.length === 0,
    enabled: !welcomed && !skip && !settled,
    // Whoever has to wait for an answer may as well begin to write.
    retry: false,
  });
  useEffect(() => {
    if (first.data === false) set({ welcomed: true });
    if (skip || first.isError) useShell.setState({ welcomeSettled: true });
  }, [skip, first.data, first.isError, set]);
  if (welcomed || skip || settled) return children;
  if (first.isPending) return <Loading />;
  return first.data ? <Redirect to={paths.welcome} replace /> : children;
}
