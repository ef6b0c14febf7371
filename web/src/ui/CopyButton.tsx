import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { useCopy } from "./useCopy";

const ICONS = { copied: "check", copyFailed: "warning" } as const;

/** Copies text and says whether it could, on the button and to a screen reader. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const { t } = useTranslation();
  const { outcome, copy } = useCopy(text);
  return (
    <>
      <IconButton
        icon={outcome ? ICONS[outcome] : "copy"}
        label={label ?? t("copy")}
        title={outcome ? t(outcome) : (label ?? t("copy"))}
        onClick={() => void copy()}
      />
      <span className="visually-hidden" role="status">
        {outcome && t(outcome)}
      </span>
    </>
  );
}
