import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import styles from "./Markdown.module.css";
import { ScrollArea } from "./ScrollArea";
import { lazyModule, useLoaded } from "./useLoaded";

const mathml = lazyModule(() => import("./mathml"));

interface FormulaProps {
  readonly source: string;
  readonly display?: boolean;
}

/** TeX as MathML, which browsers draw themselves. What cannot be read, or not yet, is shown as its source. */
export function Formula({ source, display = false }: FormulaProps) {
  const { t } = useTranslation("markdown");
  const loaded = useLoaded(mathml, true);
  const formula = useMemo(() => loaded?.formulaOf(source, display), [loaded, source, display]);
  const className = display ? styles.displayMath : styles.math;
  if (formula && display) {
    return (
      <ScrollArea label={t("formula")} className={className} inline always>
        {formula}
      </ScrollArea>
    );
  }
  if (formula) return <span className={className}>{formula}</span>;
  return (
    <code dir="ltr" className={className} title={loaded ? t("mathUnreadable") : undefined}>
      {source}
    </code>
  );
}
