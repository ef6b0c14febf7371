import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { countsOf, isBusy } from "./uploadItems";
import { useUploads } from "./uploads";
import { useHoldText } from "./useHoldText";
import { useUploadSummary } from "./useUploadSummary";

/** Tells screen readers when uploads begin, what became of them, and why they wait; not every step of each. */
export function UploadAnnouncer() {
  const { t } = useTranslation("documents");
  const open = useUploads(({ items }) => {
    const counts = countsOf(items);
    return isBusy(counts) ? counts.waiting + counts.uploading + counts.processing : 0;
  });
  const summary = useUploadSummary();
  const hold = useHoldText();
  const [said, say] = useState("");
  const before = useRef(0);
  useEffect(() => {
    // Files are only ever added before they can end: a number that grows is a new batch.
    if (open > before.current) say(t("uploads.begun", { count: open - before.current }));
    else if (open === 0 && before.current > 0) say(summary);
    before.current = open;
  }, [open, summary, t]);
  return (
    <div role="status" className="visually-hidden">
      {hold || said}
    </div>
  );
}
