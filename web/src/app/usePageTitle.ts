import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useRoute } from "wouter";
import { keys } from "~/api/queries";
import { isConversation, paths } from "./routes";

type Page = "library" | "costs" | "settings" | "welcome";

const PAGES: ReadonlyMap<string, Page> = new Map([
  [paths.library, "library"],
  [paths.costs, "costs"],
  [paths.settings, "settings"],
  [paths.welcome, "welcome"],
]);

/** What the page that is shown is called; the browser's title follows. */
export function usePageTitle(): string {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const [location] = useLocation();
  const [, conversation] = useRoute("/c/:id");
  const conversationTitle = useConversationTitle(conversation?.id);
  const page = PAGES.get(location.replace(/\/+$/, ""));
  const title = page ? t(page) : conversationTitle || (isConversation(location) ? t("newChat") : "");
  const app = common("appName");
  useEffect(() => {
    document.title = title ? `${title} - ${app}` : app;
  }, [title, app]);
  return title;
}

/** As far as somebody else has fetched it; asks the server for nothing. */
function useConversationTitle(id: string | undefined): string | undefined {
  const client = useQueryClient();
  const subscribe = useCallback((changed: () => void) => client.getQueryCache().subscribe(changed), [client]);
  return useSyncExternalStore(subscribe, () => (id === undefined ? undefined : titleIn(client, id)));
}

function titleIn(client: QueryClient, id: string): string | undefined {
  const listed = client
    .getQueryData<{
      readonly items?: readonly { readonly conversation_id: string; readonly title: string }[];
    }>(keys.conversations)
    ?.items?.find((item) => item.conversation_id === id);
  if (listed) return listed.title;
  const opened = client.getQueryData<{ readonly conversation?: { readonly title?: string } }>(
    keys.conversation(id),
  );
  return opened?.conversation?.title;
}
