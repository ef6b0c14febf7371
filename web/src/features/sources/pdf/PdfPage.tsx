import { type CSSProperties, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Box } from "./boxes";
import styles from "./PdfView.module.css";
import type { Book, PDFPageProxy } from "./pdfjs";

/** More pixels than this are not drawn: the page is drawn coarser. */
const MOST_PIXELS = 2 ** 24;

interface PdfPageProps {
  readonly book: Book;
  readonly number: number;
  /** In pixels of the layout. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  /** Tells the page's height by its width, which is known when it is loaded. */
  readonly onRatio: (page: number, ratio: number) => void;
}

/** A page of a PDF: what is drawn, the passage's highlight, and the text to be selected. */
export function PdfPage({ book, number, top, width, height, boxes, onRatio }: PdfPageProps) {
  const { t } = useTranslation("sources");
  const [page, setPage] = useState<PDFPageProxy>();
  const [failed, setFailed] = useState(false);
  const drawing = useRef<HTMLDivElement>(null);
  const text = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let wanted = true;
    const loaded = (found: PDFPageProxy): void => {
      if (!wanted) return;
      const { width: wide, height: high } = found.getViewport({ scale: 1 });
      onRatio(number, high / wide);
      setPage(found);
    };
    book.page(number).then(loaded, () => wanted && setFailed(true));
    return () => {
      wanted = false;
      book.release(number);
    };
  }, [book, number, onRatio]);

  useEffect(() => {
    if (!page || !drawing.current) return;
    return draw(page, width, drawing.current, () => setFailed(true));
  }, [page, width]);

  useEffect(() => {
    const container = text.current;
    if (!page || !container) return;
    let takeAway: (() => void) | undefined;
    let wanted = true;
    const lay = async (): Promise<void> => {
      const content = await book.text(number);
      if (wanted) takeAway = book.layText(page, content, container);
    };
    // Without it the page can still be read.
    lay().catch(() => undefined);
    return () => {
      wanted = false;
      takeAway?.();
    };
  }, [book, number, page]);

  const scale = page ? width / page.getViewport({ scale: 1 }).width : 1;
  return (
    <article
      className={styles.page}
      aria-label={t("pageNumber", { page: number })}
      style={{ top, width, height }}
    >
      <div ref={drawing} className={styles.drawing} />
      {boxes.map((box) => (
        <div
          key={`${box.left} ${box.top}`}
          className={styles.highlight}
          data-highlight
          style={{
            left: percent(box.left),
            top: percent(box.top),
            width: percent(box.width),
            height: percent(box.height),
          }}
        />
      ))}
      <div ref={text} className={styles.text} style={{ "--total-scale-factor": scale } as CSSProperties} />
      {failed && <p className={styles.failed}>{t("pageFailed")}</p>}
    </article>
  );
}

const percent = (share: number): string => `${100 * share}%`;

/** Draws the page beside what is shown, which then gives way to it. Returns how to stop; the last drawing is freed with the page. */
function draw(page: PDFPageProxy, width: number, host: HTMLElement, onFailure: () => void): () => void {
  const natural = page.getViewport({ scale: 1 });
  const wanted = (width / natural.width) * devicePixelRatio;
  const scale = Math.min(wanted, Math.sqrt(MOST_PIXELS / (natural.width * natural.height)));
  const viewport = page.getViewport({ scale });
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.floor(viewport.width));
  canvas.height = Math.max(1, Math.floor(viewport.height));
  const task = page.render({ canvas, viewport });
  const show = (): void => {
    free(host);
    host.replaceChildren(canvas);
  };
  task.promise.then(show, (error: unknown) => {
    const cancelled = error instanceof Error && error.name === "RenderingCancelledException";
    if (!cancelled) onFailure();
  });
  return () => {
    task.cancel();
    // React takes the element out only after this: what is still connected is drawn anew at another size.
    queueMicrotask(() => !host.isConnected && free(host));
  };
}

/** Safari keeps the memory of a canvas until it is collected, unless it is made small. */
function free(host: HTMLElement): void {
  for (const canvas of host.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
}
