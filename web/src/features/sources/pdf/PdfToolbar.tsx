import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { Button, IconButton } from "~/ui/Button";
import styles from "./PdfToolbar.module.css";
import { LARGEST, nextZoom, SMALLEST } from "./zoom";

interface PdfToolbarProps {
  readonly page: number;
  readonly pages: number;
  readonly zoom: number;
  readonly onPage: (page: number) => void;
  readonly onZoom: (zoom: number) => void;
}

export function PdfToolbar({ page, pages, zoom, onPage, onZoom }: PdfToolbarProps) {
  const { t } = useTranslation("sources");
  const format = useFormat();
  const hint = useId();
  /** What is typed, until it is gone to. */
  const [typed, setTyped] = useState<string>();
  const go = (to: number): void => {
    setTyped(undefined);
    if (Number.isInteger(to)) onPage(Math.min(Math.max(to, 1), pages));
  };
  const onKey = (event: KeyboardEvent): void => {
    const to = { Enter: Number.parseInt(typed ?? "", 10), ArrowUp: page - 1, ArrowDown: page + 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <div className={styles.toolbar}>
      <input
        className={styles.number}
        inputMode="numeric"
        aria-label={t("pageInput")}
        aria-describedby={hint}
        value={typed ?? String(page)}
        onChange={(event) => setTyped(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={() => setTyped(undefined)}
        onKeyDown={onKey}
      />
      <span id={hint} className={styles.count}>
        {t("ofPages", { pages: format.number(pages) })}
      </span>
      <span className={styles.space} />
      <IconButton
        icon="minus"
        label={t("zoomOut")}
        aria-disabled={zoom <= SMALLEST}
        onClick={() => onZoom(nextZoom(zoom, -1))}
      />
      <Button variant="quiet" className={styles.zoom ?? ""} title={t("fitWidth")} onClick={() => onZoom(1)}>
        <span className="visually-hidden">{t("fitWidth")}: </span>
        {format.percent(zoom)}
      </Button>
      <IconButton
        icon="plus"
        label={t("zoomIn")}
        aria-disabled={zoom >= LARGEST}
        onClick={() => onZoom(nextZoom(zoom, 1))}
      />
    </div>
  );
}
