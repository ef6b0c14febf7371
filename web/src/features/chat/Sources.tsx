import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Citation, usePanel } from "~/state/panel";
import { Button } from "~/ui/Button";
import { citedIn } from "./answerFacts";
import styles from "./Sources.module.css";

interface SourcesProps {
  readonly citations: readonly Citation[];
  /** Of the answer. */
  readonly text: string;
}

/** The passages that an answer rests on: those that it cites, and, when asked for, the others that the model was given. */
export function Sources({ citations, text }: SourcesProps) {
  const { t } = useTranslation("chat");
  const [showsAll, setShowsAll] = useState(false);
  if (citations.length === 0) return null;
  const cited = citedIn(text);
  const shown = showsAll ? citations : citations.filter(({ number }) => cited.has(number));
  const others = citations.filter(({ number }) => !cited.has(number)).length;
  return (
    <section className={styles.sources} aria-label={t("sources.label")}>
      {shown.map((citation) => (
        <SourceChip key={citation.number} citation={citation} citations={citations} />
      ))}
      {others > 0 && (
        <Button
          variant="quiet"
          className={styles.more}
          aria-expanded={showsAll}
          onClick={() => setShowsAll(!showsAll)}
        >
          {showsAll ? t("sources.fewer") : t("sources.more", { count: others })}
        </Button>
      )}
    </section>
  );
}

interface SourceChipProps {
  readonly citation: Citation;
  readonly citations: readonly Citation[];
}

function SourceChip({ citation, citations }: SourceChipProps) {
  const { t } = useTranslation("chat");
  const { number, document, page, section } = citation;
  return (
    <button
      type="button"
      className={styles.chip}
      title={[document, section].filter(Boolean).join("\n")}
      onClick={() => usePanel.getState().openCitation(citations, number)}
    >
      <span className="visually-hidden">{t("sources.source")} </span>
      <span className={styles.number}>{number}</span>
      <span className={styles.document} dir="auto">
        {document.split("/").at(-1)}
      </span>
      {page && <span className={styles.page}>{t("sources.page", { page })}</span>}
    </button>
  );
}
