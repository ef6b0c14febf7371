import { memo, use } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "~/ui/Icon";
import { useCopy } from "~/ui/useCopy";
import styles from "./CodeBlock.module.css";
import { MarkdownContext } from "./context";
import type { Token } from "./highlight";
import { languageName } from "./languages";
import { ScrollArea } from "./ScrollArea";
import { useTokens } from "./useTokens";

interface CodeBlockProps {
  readonly code: string;
  readonly language: string | undefined;
}

export function CodeBlock({ code, language }: CodeBlockProps) {
  const { t } = useTranslation("markdown");
  const { isOpen } = use(MarkdownContext);
  const { tokens, rest } = useTokens(code, language?.toLowerCase(), isOpen);
  const name = language ? languageName(language) : undefined;
  return (
    <div className={styles.block} dir="ltr">
      <div className={styles.header}>
        <span>{name ?? t("code")}</span>
        <CopyCode text={code} />
      </div>
      <ScrollArea label={name ? t("codeIn", { language: name }) : t("code")} className={styles.scroll}>
        <pre>
          <code>
            <Pieces tokens={tokens} />
            {rest}
          </code>
        </pre>
      </ScrollArea>
    </div>
  );
}

const Pieces = memo(function Pieces({ tokens }: { readonly tokens: readonly Token[] }) {
  return tokens.map(({ text, kind }, index) => {
    const className = kind ? styles[kind] : undefined;
    if (!className) return text;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text have no other name than their place.
      <span key={index} className={className}>
        {text}
      </span>
    );
  });
});

/** With its name in sight, and a failure too: here text is copied often. */
function CopyCode({ text }: { readonly text: string }) {
  const { t } = useTranslation("markdown");
  const { t: common } = useTranslation();
  const { outcome, copy } = useCopy(text);
  return (
    <>
      <span role="status">{outcome && common(outcome)}</span>
      <button type="button" className={styles.copy} onClick={() => void copy()}>
        <Icon name={outcome === "copied" ? "check" : "copy"} size={15} />
        {t("copyCode")}
      </button>
    </>
  );
}
