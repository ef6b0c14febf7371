import i18next from "i18next";
import { useEditing } from "~/features/chat/editing";
import { useLiveTurns } from "~/features/chat/liveTurns";
import { useDrafts } from "~/state/drafts";
import { onStorageTrouble } from "~/state/storage";
import { showToast, useToasts } from "~/state/toasts";

let shown: number | undefined;

/** Says that a newer version is there, once, until it is dismissed. Nothing is reloaded unless the user wants it. */
export function showUpdate(): void {
  if (useToasts.getState().toasts.some((toast) => toast.id === shown)) return;
  const t = i18next.getFixedT(null, "pwa");
  shown = showToast({ kind: "info", text: t("newVersion"), action: { label: t("reload"), run: reload } });
}

function reload(): void {
  if (!wouldLoseText()) {
    location.reload();
    return;
  }
  const t = i18next.getFixedT(null, "pwa");
  showToast({ kind: "error", text: t("draftWouldBeLost") });
}

/** What was typed outlives a reload, except where this browser keeps nothing. */
function wouldLoseText(): boolean {
  let failing = false;
  onStorageTrouble((failed) => {
    failing = failed;
  })();
  return failing && (hasTyped() || hasUnsaved());
}

/** Drafts, and questions that are being edited. */
function hasTyped(): boolean {
  const texts = [useDrafts.getState().byConversation, useEditing.getState().texts].flatMap(Object.values);
  return texts.some((text: string) => text.trim() !== "");
}

/** Questions that failed, or that may yet fail. */
const hasUnsaved = (): boolean =>
  Object.values(useLiveTurns.getState().turns).some((turn) => turn.phase !== "done");
