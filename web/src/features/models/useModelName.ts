import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { shortModelName } from "./shortModelName";

/** `shortModelName` in the language of the interface. */
export function useModelName(): (id: string) => string {
  const { t } = useTranslation("models");
  return useCallback((id) => shortModelName(id, t("builtIn")), [t]);
}
