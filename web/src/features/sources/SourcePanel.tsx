import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { usePanel } from "~/state/panel";
import { SHEET, useMediaQuery } from "~/ui/useMediaQuery";
import { Notice } from "./Notice";
import { PanelHeader } from "./PanelHeader";
import { PdfSource } from "./PdfSource";
import { ResizeHandle } from "./ResizeHandle";
import styles from "./SourcePanel.module.css";
import { sourceOf } from "./source";
import { TextSource } from "./TextSource";
import { useCloseOnNavigation } from "./useCloseOnNavigation";
import { usePanelFocus } from "./usePanelFocus";
import { usePanelWidth } from "./usePanelWidth";

/** The source of a citation, or a document, beside the answer. Rendered while `usePanel` has content. */
export default function SourcePanel() {
  const { t } = useTranslation("sources");
  const content = usePanel((state) => state.content);
  const close = usePanel((state) => state.close);
  const isSheet = useMediaQuery(SHEET);
  const panel = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const size = usePanelWidth();
  usePanelFocus({ panel, heading, content, isSheet });
  useCloseOnNavigation(close);
  if (!content) return null;
  const source = sourceOf(content);
  return (
    <aside
      ref={panel}
      className={styles.panel}
      aria-label={t("panel")}
      style={isSheet ? undefined : { inlineSize: size.width }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      {!isSheet && <ResizeHandle {...size} />}
      <PanelHeader content={content} source={source} headingRef={heading} onClose={close} />
      {!source && <Notice tone="danger">{t("noSource")}</Notice>}
      {source?.isPdf && <PdfSource key={source.documentId} source={source} />}
      {source && !source.isPdf && <TextSource key={source.documentId} source={source} />}
    </aside>
  );
}
