import { type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import styles from "./ResizeHandle.module.css";
import type { PanelWidth } from "./usePanelWidth";

/** Pixels an arrow key moves the edge. */
const STEP = 32;

/** The edge between the answer and the panel; it is dragged, or moved with the arrow keys. */
export function ResizeHandle({ width, least, most, setWidth }: PanelWidth) {
  const { t } = useTranslation("sources");
  const grip = useRef<{ readonly x: number; readonly width: number }>(undefined);
  /** 1 where the panel is on the right, -1 where it is on the left. */
  const side = document.documentElement.dir === "rtl" ? -1 : 1;
  const onKey = (event: KeyboardEvent): void => {
    const to = {
      ArrowLeft: width + STEP * side,
      ArrowRight: width - STEP * side,
      Home: least,
      End: most,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setWidth(to);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule between paragraphs is not a splitter.
    <div
      role="separator"
      aria-label={t("resize")}
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      className={styles.handle}
      onKeyDown={onKey}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => {
        if (grip.current) setWidth(grip.current.width + side * (grip.current.x - event.clientX));
      }}
      onPointerUp={() => {
        grip.current = undefined;
      }}
      onPointerCancel={() => {
        grip.current = undefined;
      }}
    />
  );
}
