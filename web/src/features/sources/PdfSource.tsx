import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { ProgressBar } from "~/ui/ProgressBar";
import { Notice } from "./Notice";
import { PassageCard } from "./PassageCard";
import { PdfView } from "./pdf/PdfView";
import type { Book } from "./pdf/pdfjs";
import { TroubleNotice } from "./pdf/TroubleNotice";
import { useBook } from "./pdf/useBook";
import { useLocated } from "./pdf/useLocated";
import type { Target } from "./pdf/usePages";
import styles from "./SourcePanel.module.css";
import type { Source } from "./source";

/** A PDF, at the passage. Whatever goes wrong, the passage can be read. */
export function PdfSource({ source }: { readonly source: Source }) {
  const { t } = useTranslation("sources");
  const format = useFormat();
  const [attempt, setAttempt] = useState(0);
  const [evenLarge, setEvenLarge] = useState(false);
  const state = useBook(source.documentId, attempt, evenLarge);
  const { citation } = source;
  if (state.phase === "ready") return <OpenPdf book={state.book} source={source} />;
  if (state.phase === "failed") {
    return (
      <>
        <TroubleNotice
          trouble={state.trouble}
          onRetry={() => setAttempt(attempt + 1)}
          onEvenLarge={() => setEvenLarge(true)}
        />
        {citation && <PassageCard citation={citation} open />}
      </>
    );
  }
  const { progress } = state;
  const share = progress?.total ? progress.loaded / progress.total : undefined;
  return (
    <>
      <div className={styles.loading}>
        <ProgressBar label={t("loadingFile")} value={share} />
        <span>
          {t("loadingFile")}
          {progress && progress.loaded > 0 && ` · ${format.bytes(progress.loaded)}`}
        </span>
      </div>
      {citation && <PassageCard citation={citation} open />}
    </>
  );
}

function OpenPdf({ book, source }: { readonly book: Book; readonly source: Source }) {
  const { t } = useTranslation("sources");
  const { citation } = source;
  const passage = useMemo(
    () => (citation ? { text: citation.text, page: citation.page ?? undefined } : undefined),
    [citation],
  );
  const located = useLocated(book, passage);
  const target = useMemo((): Target => {
    if (located.phase === "found") return { page: located.page, box: located.first };
    return { page: Math.min(passage?.page ?? 1, book.pages) };
  }, [located, passage, book]);
  const isMissing = passage !== undefined && located.phase === "missing";
  return (
    <>
      <span className="visually-hidden" role="status">
        {located.phase === "found" && t("foundOnPage", { page: located.page })}
      </span>
      {isMissing && <Notice>{t("notOnPage")}</Notice>}
      {citation && <PassageCard key={String(isMissing)} citation={citation} open={isMissing} />}
      <PdfView
        book={book}
        label={t("pagesOf", { document: source.name })}
        target={target}
        boxes={located.phase === "found" ? located.boxes : undefined}
      />
    </>
  );
}
