import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { showToast } from "~/state/toasts";
import { deleteLater, finishDeleting } from "./deleting";
import type { DocumentView } from "./transport";
import { forgetDocuments } from "./useDocuments";

/** Deletes documents, with an undo. */
export function useDelete(): (documents: readonly DocumentView[]) => void {
  const { t } = useTranslation("documents");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  return useCallback(
    (documents) => {
      const [first] = documents;
      if (!first) return;
      const isOne = documents.length === 1;
      deleteLater({
        ids: documents.map((view) => view.document_id),
        text: isOne ? t("deletedOne", { name: first.filename }) : t("deleted", { count: documents.length }),
        undoLabel: common("undo"),
        onDeleted: (ids) => forgetDocuments(client, ids),
        onFailed: (error) =>
          showToast({ kind: "error", text: t("deleteFailed", { reason: errorText(common, error) }) }),
      });
    },
    [t, common, client],
  );
}

/** Finishes, at the start, the deletes that the page before this one may not have got to. */
export function useUnfinishedDocuments(): void {
  const client = useQueryClient();
  useEffect(() => finishDeleting((ids) => forgetDocuments(client, ids)), [client]);
}
