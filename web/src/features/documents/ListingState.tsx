import { useTranslation } from "react-i18next";
import { ApiError } from "~/api/errors";
import { errorText } from "~/i18n/errorText";
import { Button } from "~/ui/Button";
import { CopyButton } from "~/ui/CopyButton";
import { EmptyState } from "~/ui/EmptyState";
import { Skeleton } from "~/ui/Skeleton";
import styles from "./ListingState.module.css";
import type { Documents } from "./useDocuments";

const FOLDER = "~/.chatbot/documents";
const COPY_TO_BUCKET = "aws s3 cp my_docs/ s3://… --recursive";
const SWITCH_ON = "scripts/enable-rag.sh dev";

export const isSwitchedOff = (error: unknown): boolean =>
  error instanceof ApiError && error.code === "documents_disabled";

interface ListingStateProps {
  readonly listing: Documents;
  /** What was searched for; empty: nothing. */
  readonly query: string;
}

/** What stands where no document does, and why. */
export function ListingState({ listing, query }: ListingStateProps) {
  const { t } = useTranslation("documents");
  const { t: common } = useTranslation();
  const { documents, error, hasMore, isPending } = listing;
  if (isPending || (hasMore && !error)) return <Skeleton lines={6} />;
  if (isSwitchedOff(error)) {
    return (
      <EmptyState icon="document" title={t("disabled.title")}>
        <p>{t("disabled.text")}</p>
        <Command text={SWITCH_ON} />
      </EmptyState>
    );
  }
  if (error && !documents.length) {
    const again = (
      <Button icon="refresh" onClick={listing.reload}>
        {common("retry")}
      </Button>
    );
    return (
      <EmptyState icon="warning" tone="danger" title={t("failedToLoad")} actions={again}>
        <p>{errorText(common, error)}</p>
      </EmptyState>
    );
  }
  if (documents.length) {
    return (
      <EmptyState icon="search" title={t("noMatch", { query })}>
        <p>{t("noMatchHint")}</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="document" title={t("empty.title")}>
      <p>{t("empty.drop")}</p>
      <p>{t("empty.kinds")}</p>
      <p>{t("empty.folder")}</p>
      <Command text={FOLDER} />
      <p>{t("empty.bucket")}</p>
      <Command text={COPY_TO_BUCKET} />
    </EmptyState>
  );
}

function Command({ text }: { readonly text: string }) {
  return (
    <p className={styles.command}>
      <code dir="ltr">{text}</code>
      <CopyButton text={text} />
    </p>
  );
}
