import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { useFormat } from "~/i18n/format";
import { Button } from "~/ui/Button";
import { Notice } from "../Notice";
import type { Trouble } from "./trouble";

interface TroubleNoticeProps {
  readonly trouble: Trouble;
  readonly onRetry: () => void;
  readonly onEvenLarge: () => void;
}

/** Why a PDF is not shown, and what can be done about it. */
export function TroubleNotice({ trouble, onRetry, onEvenLarge }: TroubleNoticeProps) {
  const { t } = useTranslation("sources");
  const { t: common } = useTranslation();
  const format = useFormat();
  if (trouble.kind === "large") {
    return (
      <Notice>
        {t("large", { size: format.bytes(trouble.bytes) })}
        <Button onClick={onEvenLarge}>{t("showAnyway")}</Button>
      </Notice>
    );
  }
  if (trouble.kind === "password" || trouble.kind === "broken")
    return <Notice tone="danger">{t(trouble.kind)}</Notice>;
  const isGone = trouble.kind === "request" && trouble.error.code === "not_found";
  return (
    <Notice tone="danger">
      {trouble.kind === "request" && !isGone && errorText(common, trouble.error)}
      {isGone && t("gone")}
      {trouble.kind === "viewer" && t("viewer")}
      {!isGone && (
        <Button icon="refresh" onClick={onRetry}>
          {common("retry")}
        </Button>
      )}
    </Notice>
  );
}
