import type { TFunction } from "i18next";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { showToast } from "~/state/toasts";
import { uploadFiles } from "./uploads";
import { type Found, MOST_FILES } from "./walk";

const STAYS = 8_000;

/** Uploads what was found, and says what was left out. */
export function useTakeFiles(): (found: Found, conversationId?: string) => void {
  const { t, i18n } = useTranslation("documents");
  return useCallback(
    (found, conversationId) => {
      if (found.files.length) uploadFiles(found.files, conversationId);
      const text = leftOut(t, found, new Intl.NumberFormat(i18n.language));
      if (text) showToast({ kind: found.files.length ? "info" : "error", text, stays: STAYS });
    },
    [t, i18n],
  );
}

function leftOut(
  t: TFunction<"documents">,
  { files, hidden, unreadable, isCut }: Found,
  format: Intl.NumberFormat,
): string {
  const [name] = unreadable;
  if (!files.length && name === undefined) return t(hidden ? "found.onlyHidden" : "found.nothing");
  const said = [
    hidden > 0 && t("found.hidden", { count: hidden }),
    name !== undefined && t("found.unreadable", { count: unreadable.length, name }),
    isCut && t("found.cut", { most: format.format(MOST_FILES) }),
  ];
  return said.filter(Boolean).join(" ");
}
