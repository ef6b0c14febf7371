import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./Button";
import { copyText } from "./copyText";

/** Copies text and says whether it could, on the button and to a screen reader. */
export function CopyButton({ text, label }: { readonly text: string; readonly label?: string }) {
  const { t } = useTranslation();
  const [outcome, setOutcome] = useState<"copied" | "copyFailed">();
  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(undefined), 2500);
    return () => clearTimeout(timer);
  }, [outcome]);
  const icon = { copied: "check", copyFailed: "warning" } as const;
  return (
    <>
      <IconButton
        icon={outcome ? icon[outcome] : "copy"}
        label={label ?? t("copy")}
        title={outcome ? t(outcome) : (label ?? t("copy"))}
        onClick={async () => setOutcome((await copyText(text)) ? "copied" : "copyFailed")}
      />
      <span className="visually-hidden" role="status">
        {outcome && t(outcome)}
      </span>
    </>
  );
}
