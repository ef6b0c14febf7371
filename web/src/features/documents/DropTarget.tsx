import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { NEW } from "~/state/choices";
import { showToast, useToasts } from "~/state/toasts";
import { Icon } from "~/ui/Icon";
import styles from "./DropTarget.module.css";
import { asFound } from "./FileInput";
import { useFileDrop } from "./useFileDrop";
import { useFreshListing } from "./useFreshListing";
import { useTakeFiles } from "./useTakeFiles";
import { entriesOf, walk } from "./walk";

/** Takes files and folders that are dropped or pasted anywhere on the page. Mounted once, around everything. */
export function DropTarget({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation("documents");
  const [location] = useLocation();
  const take = useTakeFiles();
  useFreshListing();
  const isOver = useFileDrop((transfer) => {
    const { entries, files } = entriesOf(transfer);
    const conversationId = conversationOf(location);
    if (files.length) take(asFound(files), conversationId);
    if (!entries.length) return;
    const hasFolders = entries.some((entry) => entry.isDirectory);
    const notice = hasFolders ? showToast({ kind: "info", text: t("found.looking") }) : undefined;
    void walk(entries).then((found) => {
      if (notice !== undefined) useToasts.getState().dismiss(notice);
      take(found, conversationId);
    });
  });
  return (
    <>
      {children}
      {isOver && (
        <div className={styles.overlay}>
          <div className={styles.box}>
            <Icon name="upload" size={40} />
            <p className={styles.title}>{t("drop.title")}</p>
            <p>{t("drop.hint")}</p>
          </div>
        </div>
      )}
    </>
  );
}

/** The conversation that is open; `undefined` on other pages. */
export function conversationOf(location: string): string | undefined {
  if (location === "/") return NEW;
  const found = /^\/c\/([^/]+)$/.exec(location)?.[1];
  try {
    return found === undefined ? undefined : decodeURIComponent(found);
  } catch {
    return undefined;
  }
}
