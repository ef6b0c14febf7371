import { useTranslation } from "react-i18next";
import { type Counts, countsOf, isBusy } from "./uploadItems";
import { useUploads } from "./uploads";

/** What the uploads come to, in a few words. */
export function useUploadSummary(): string {
  const { t } = useTranslation("documents");
  const items = useUploads((state) => state.items);
  return summaryOf(t, countsOf(items));
}

type Translate = ReturnType<typeof useTranslation<"documents">>["t"];

function summaryOf(t: Translate, counts: Counts): string {
  const { ready, failed, cancelled } = counts;
  const open = counts.waiting + counts.uploading + counts.processing;
  const parts = [
    isBusy(counts)
      ? t("uploads.busy", { done: ready, total: ready + open })
      : ready > 0 && t("uploads.allReady", { count: ready }),
    failed > 0 && t("uploads.someFailed", { count: failed }),
    !isBusy(counts) && cancelled > 0 && t("uploads.someCancelled", { count: cancelled }),
  ];
  return parts.filter(Boolean).join(", ");
}
