import { useTranslation } from "react-i18next";
import { useUploads } from "./uploads";

/** Why uploads wait, in words; empty where they do not. */
export function useHoldText(): string {
  const { t, i18n } = useTranslation("documents");
  const hold = useUploads((state) => state.hold);
  if (!hold) return "";
  const until = new Date(hold.until ?? 0);
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: "medium" }).format(until);
  return t(`uploads.hold.${hold.reason}`, { time });
}
