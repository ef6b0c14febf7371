import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Box } from "./boxes";
import { PdfPage } from "./PdfPage";
import { PdfToolbar } from "./PdfToolbar";
import styles from "./PdfView.module.css";
import type { Book } from "./pdfjs";
import { GAP, type Target, usePages } from "./usePages";
import { nextZoom } from "./zoom";

const NO_BOXES: readonly Box[] = [];

interface PdfViewProps {
  readonly book: Book;
  readonly label: string;
  readonly target: Target;
  /** What is highlighted, by page. */
  readonly boxes: ReadonlyMap<number, readonly Box[]> | undefined;
}

/** The pages of a PDF below each other; only those in view are there. */
export function PdfView({ book, label, target, boxes }: PdfViewProps) {
  const { t } = useTranslation("sources");
  const [zoom, setZoom] = useState(1);
  const { scroller, layout, width, current, visible, goToPage, onScroll, onRatio } = usePages(
    book,
    zoom,
    target,
  );
  return (
    <div className={styles.view}>
      <PdfToolbar page={current} pages={book.pages} zoom={zoom} onPage={goToPage} onZoom={setZoom} />
      <section
        ref={scroller}
        className={styles.scroller}
        aria-label={label}
        aria-description={t("keys")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by the keyboard.
        tabIndex={0}
        onKeyDown={(event) => onZoomKey(event, setZoom)}
        onScroll={onScroll}
      >
        <div className={styles.pages} style={{ height: layout.tops.at(-1), width: width + 2 * GAP }}>
          {visible.map((number) => (
            <PdfPage
              key={number}
              book={book}
              number={number}
              top={layout.tops[number - 1] ?? 0}
              width={width}
              height={layout.heights[number - 1] ?? 0}
              boxes={boxes?.get(number) ?? NO_BOXES}
              onRatio={onRatio}
            />
          ))}
        </div>
      </section>
    </div>
  );
}

function onZoomKey(event: KeyboardEvent, setZoom: (change: (zoom: number) => number) => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const change = new Map<string, (zoom: number) => number>([
    ["+", (zoom) => nextZoom(zoom, 1)],
    ["=", (zoom) => nextZoom(zoom, 1)],
    ["-", (zoom) => nextZoom(zoom, -1)],
    ["0", () => 1],
  ]).get(event.key);
  if (!change) return;
  event.preventDefault();
  setZoom(change);
}
