import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import type { Figures } from "./figures";

/** A cost in words that do not claim more than is known. */
export function useAmount(): (figures: Pick<Figures, "cost" | "unpriced">) => string {
  const { t } = useTranslation("costs");
  const { money } = useFormat();
  return ({ cost, unpriced }) => {
    if (!unpriced) return money(cost);
    return cost > 0 ? t("atLeast", { amount: money(cost) }) : t("priceUnknown");
  };
}
