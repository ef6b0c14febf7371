import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { navigate } from "wouter/use-browser-location";
import { API_BASE, api, apiFetch } from "~/api/client";
import { ApiError } from "~/api/errors";
import { keys } from "~/api/queries";
import { paths } from "~/app/routes";
import { forgetConversation } from "~/features/chat/forgetConversation";
import { tellTabs } from "~/features/chat/tabs";
import { errorText } from "~/i18n/errorText";
import { useChoicesStore } from "~/state/choices";
import { useDrafts } from "~/state/drafts";
import { showToast } from "~/state/toasts";
import { doLater, doNow } from "~/state/undoable";
import { fileName, saveFile } from "~/ui/saveFile";
import { type Header, without, withTitle } from "./pages";
import { changeKnown } from "./queries";
import { forgetDelete, rememberDelete, unfinishedDeletes } from "./unfinished";

export type ExportFormat = "markdown" | "json";

export interface Actions {
  /** The new title shows at once, and the old one again where it could not be saved. */
  readonly rename: (item: Header, title: string) => void;
  /** It goes at once, and for good when nobody undoes it. */
  readonly remove: (item: Header) => void;
  readonly save: (item: Header, format: ExportFormat) => void;
}

const ENDINGS: Readonly<Record<ExportFormat, string>> = { markdown: "md", json: "json" };

/** Key of a conversation that is being deleted, for `usePending`. */
export const pendingKey = (id: string): string => `conversation:${id}`;

/** What can be done to a conversation of the list. Each says itself what went wrong, and offers to try again. */
export function useActions(): Actions {
  const client = useQueryClient();
  const { t } = useTranslation("conversations");
  const { t: common } = useTranslation();
  return useMemo(() => {
    const failed = (text: string, error: unknown, again: () => void): void => {
      const action = { label: common("retry"), run: again };
      showToast({ kind: "error", text: `${text} ${errorText(common, error)}`, action });
    };
    const rename = (item: Header, title: string): void => {
      const problem = (error: unknown): void =>
        failed(t("renameFailed", { title }), error, () => rename(item, title));
      void sendTitle(client, item, title).catch(problem);
    };
    const remove = (item: Header): void => {
      const { conversation_id: id, title } = item;
      const path = paths.conversation(id);
      const wasOpen = location.pathname === path;
      if (wasOpen) navigate(paths.home);
      const reopen = (): void => {
        // Whoever went elsewhere meanwhile stays there.
        if (wasOpen && location.pathname === paths.home) navigate(path);
      };
      doLater({
        key: pendingKey(id),
        text: t("deleted", { title }),
        undoLabel: common("undo"),
        commit: (keepalive) => sendDelete(client, id, keepalive),
        onUndo: reopen,
        onFailed: (error) => {
          reopen();
          failed(t("deleteFailed", { title }), error, () => remove(item));
        },
      });
    };
    const save = (item: Header, format: ExportFormat): void => {
      fetchExport(item, format, t("untitled")).catch((error: unknown) =>
        failed(t("exportFailed", { title: item.title }), error, () => save(item, format)),
      );
    };
    return { rename, remove, save };
  }, [client, t, common]);
}

async function sendTitle(client: QueryClient, item: Header, title: string): Promise<void> {
  const id = item.conversation_id;
  // A listing that is on its way would bring the old title back.
  await client.cancelQueries({ queryKey: keys.conversations });
  changeKnown(client, (known) => withTitle(known, id, title));
  try {
    const params = { path: { conversation_id: id } };
    await api.PATCH("/conversations/{conversation_id}", { params, body: { title } });
    tellTabs({ type: "conversation", id });
  } catch (error) {
    changeKnown(client, (known) => {
      const now = known.items.find((each) => each.conversation_id === id);
      return now?.title === title ? withTitle(known, id, item.title) : known;
    });
    throw error;
  } finally {
    void client.invalidateQueries({ queryKey: keys.conversations });
    void client.invalidateQueries({ queryKey: keys.conversation(id) });
  }
}

/** Sends again what the page before this one sent when it went away. */
export function useUnfinishedDeletes(): void {
  const client = useQueryClient();
  useEffect(() => {
    for (const id of unfinishedDeletes()) {
      const commit = (): Promise<void> => sendDelete(client, id, false);
      // It is in the list again; the next page tries once more.
      doNow({ key: pendingKey(id), commit, onFailed: () => undefined });
    }
  }, [client]);
}

async function sendDelete(client: QueryClient, id: string, keepalive: boolean): Promise<void> {
  if (keepalive) rememberDelete(id);
  try {
    await apiFetch(addressOf(id), { method: "DELETE", keepalive });
  } catch (error) {
    // Deleted elsewhere, or expired: what was wanted is so.
    if (!(error instanceof ApiError && error.code === "not_found")) throw error;
  }
  forgetDelete(id);
  // Else a question of it that is kept would be asked again by the next page.
  forgetConversation(id);
  // A listing that is on its way would bring it back.
  await client.cancelQueries({ queryKey: keys.conversations });
  changeKnown(client, (known) => without(known, id));
  void client.invalidateQueries({ queryKey: keys.conversations });
  client.removeQueries({ queryKey: keys.conversation(id) });
  useChoicesStore.getState().forget(id);
  useDrafts.getState().write(id, "");
  tellTabs({ type: "conversations" });
}

async function fetchExport(item: Header, format: ExportFormat, untitled: string): Promise<void> {
  const response = await apiFetch(`${addressOf(item.conversation_id)}/export?format=${format}`);
  const day = item.updated_at.slice(0, 10);
  saveFile(await response.blob(), fileName(`${item.title.trim() || untitled} ${day}`, ENDINGS[format]));
}

// With the origin: outside a browser `Request` takes no relative address.
const addressOf = (id: string): string =>
  new URL(`${API_BASE}/conversations/${encodeURIComponent(id)}`, location.origin).href;
