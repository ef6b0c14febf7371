import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { type PanelContent, usePanel } from "~/state/panel";
import { IconButton } from "~/ui/Button";
import styles from "./PanelHeader.module.css";
import { neighbour, type Source } from "./source";
import { useDownload } from "./useDownload";

interface PanelHeaderProps {
  readonly content: PanelContent;
  readonly source: Source | undefined;
  readonly headingRef: RefObject<HTMLHeadingElement | null>;
  readonly onClose: () => void;
}

/** Which document, where in it, which source of how many; the way to the others, to the file, and out. */
export function PanelHeader({ content, source, headingRef, onClose }: PanelHeaderProps) {
  const { t } = useTranslation("sources");
  const download = useDownload(source);
  const citation = source?.citation;
  const page = citation?.page ? t("pageNumber", { page: citation.page }) : undefined;
  const place = [page, citation?.section].filter(Boolean).join(" · ");
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        {content.kind === "citation" && <Steps content={content} />}
        <span className={styles.space} />
        <span className={styles.count} role="status">
          {download.isRunning && t("downloading")}
        </span>
        {source && (
          <IconButton
            icon="download"
            label={t("download")}
            aria-disabled={download.isRunning}
            onClick={download.start}
          />
        )}
        <IconButton icon="close" label={t("closePanel")} onClick={onClose} />
      </div>
      <h2 ref={headingRef} tabIndex={-1} className={styles.title} title={source?.path}>
        {source?.name ?? t("panel")}
      </h2>
      {place && <p className={styles.place}>{place}</p>}
    </header>
  );
}

function Steps({ content }: { readonly content: Extract<PanelContent, { kind: "citation" }> }) {
  const { t } = useTranslation("sources");
  const openCitation = usePanel((state) => state.openCitation);
  const { citations, number } = content;
  const at = citations.findIndex((each) => each.number === number);
  const step = (direction: 1 | -1): void => {
    const next = neighbour(content, direction);
    if (next) openCitation(citations, next.number);
  };
  // Not `disabled`: a button that takes the focus away with it would leave the keyboard nowhere.
  return (
    <>
      <IconButton
        icon="chevronLeft"
        label={t("previous")}
        className={styles.step ?? ""}
        aria-disabled={!neighbour(content, -1)}
        onClick={() => step(-1)}
      />
      <span className={styles.count} role="status">
        {t("sourceOf", { number: at + 1, count: citations.length })}
      </span>
      <IconButton
        icon="chevronRight"
        label={t("next")}
        className={styles.step ?? ""}
        aria-disabled={!neighbour(content, 1)}
        onClick={() => step(1)}
      />
    </>
  );
}
