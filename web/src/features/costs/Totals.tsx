import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import styles from "./CostsPage.module.css";
import { estimatedMonth, type Figures, tokensOf } from "./figures";
import { useAmount } from "./useAmount";

interface TotalsProps {
  readonly figures: Figures;
  readonly now: Date;
  /** The figures are those of this month so far. */
  readonly month: boolean;
}

export function Totals({ figures, now, month }: TotalsProps) {
  const { t } = useTranslation("costs");
  const { money, number } = useFormat();
  const amount = useAmount();
  const { turns, cost, unpriced } = figures;
  const estimate = month ? estimatedMonth(cost, now) : undefined;
  const perTurn = (value: number): number => (turns > 0 ? value / turns : 0);
  return (
    <section aria-label={t("totals")}>
      <dl className={styles.cards}>
        <Card name={t("cost")} value={amount(figures)} note={unpriced ? t("unpricedNote") : undefined} />
        {estimate !== undefined && (
          <Card
            name={t("estimate")}
            value={t(unpriced ? "atLeast" : "about", { amount: money(estimate) })}
            note={t("estimateNote")}
          />
        )}
        <Card
          name={t("turns")}
          value={number(turns)}
          note={t("perTurn", {
            amount: amount({ cost: perTurn(cost), unpriced }),
            tokens: number(Math.round(perTurn(tokensOf(figures)))),
          })}
        />
        <Card
          name={t("tokens")}
          value={number(tokensOf(figures))}
          note={t("tokensNote", {
            input: number(figures.inputTokens),
            output: number(figures.outputTokens),
            cached: number(figures.cachedTokens),
          })}
        />
      </dl>
    </section>
  );
}

interface CardProps {
  readonly name: string;
  readonly value: string;
  readonly note: string | undefined;
}

function Card({ name, value, note }: CardProps) {
  return (
    <div className={styles.card}>
      <dt>{name}</dt>
      <dd className={styles.value}>{value}</dd>
      {note && <dd className={styles.note}>{note}</dd>}
    </div>
  );
}
