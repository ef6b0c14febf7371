import i18next from "i18next";
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

/** Drafts outlive a reload, except where this browser keeps nothing. */
function wouldLoseText(): boolean {
  let failing = false;
  onStorageTrouble((failed) => {
    failing = failed;
  })();
  return failing && Object.values(useDrafts.getState().byConversation).some((text) => text.trim() !== "");
}
