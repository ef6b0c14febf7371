import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "~/api/errors";
import { errorText } from "~/i18n/errorText";
import type { Citation } from "~/state/panel";
import { Button } from "~/ui/Button";
import { ProgressBar } from "~/ui/ProgressBar";
import { Notice } from "./Notice";
import { PassageCard } from "./PassageCard";
import styles from "./SourcePanel.module.css";
import type { Source } from "./source";
import { type Block, blocksOf, locateInBlocks } from "./text/blocks";
import { TextView } from "./text/TextView";
import { useDocumentText } from "./text/useDocumentText";

/** A document that has no pages to be drawn: what was read out of it. Whatever goes wrong, the passage can be read. */
export function TextSource({ source }: { readonly source: Source }) {
  const { t } = useTranslation("sources");
  const { data, error, refetch } = useDocumentText(source.documentId);
  const blocks = useMemo(() => blocksOf(data?.passages ?? []), [data]);
  const { citation } = source;
  if (error) {
    return (
      <Instead citation={citation}>
        <Notice tone="danger">
          <Failure error={error} onRetry={() => void refetch()} />
        </Notice>
      </Instead>
    );
  }
  if (!data) {
    return (
      <Instead citation={citation}>
        <div className={styles.loading}>
          <ProgressBar label={t("loadingText")} value={undefined} />
        </div>
      </Instead>
    );
  }
  if (blocks.length === 0) {
    const reason = data.complete ? t("noText") : t("textTooLong");
    return (
      <Instead citation={citation}>
        <Notice>{citation ? `${reason} ${t("itReads")}` : reason}</Notice>
      </Instead>
    );
  }
  return <Text source={source} blocks={blocks} />;
}

/** The passage, where its document is not shown. */
function Instead({
  citation,
  children,
}: {
  readonly citation: Citation | undefined;
  readonly children: ReactNode;
}) {
  return (
    <>
      {children}
      {citation && <PassageCard citation={citation} open />}
    </>
  );
}

function Failure({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const { t } = useTranslation("sources");
  const { t: common } = useTranslation();
  if (error instanceof ApiError && error.code === "not_found") return t("gone");
  return (
    <>
      {errorText(common, error)}
      <Button icon="refresh" onClick={onRetry}>
        {common("retry")}
      </Button>
    </>
  );
}

function Text({ source, blocks }: { readonly source: Source; readonly blocks: readonly Block[] }) {
  const { t } = useTranslation("sources");
  const { citation } = source;
  const ranges = useMemo(() => {
    if (!citation) return [];
    const { text, page, section } = citation;
    return locateInBlocks({ text, page: page ?? undefined, section: section ?? undefined }, blocks);
  }, [citation, blocks]);
  const isMissing = citation !== undefined && ranges.length === 0;
  return (
    <>
      {isMissing && <Notice>{t("notInText")}</Notice>}
      {citation && <PassageCard key={String(isMissing)} citation={citation} open={isMissing} />}
      <TextView label={t("textOf", { document: source.name })} blocks={blocks} ranges={ranges} />
    </>
  );
}
