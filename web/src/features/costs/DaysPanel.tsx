import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { BarChart } from "./BarChart";
import styles from "./CostsPage.module.css";
import { type DayFigures, tokensOf } from "./figures";
import { useAmount } from "./useAmount";

const MEASURES = ["cost", "tokens", "turns"] as const;
type Measure = (typeof MEASURES)[number];

const VALUES: Readonly<Record<Measure, (day: DayFigures) => number>> = {
  cost: (day) => day.cost,
  tokens: tokensOf,
  turns: (day) => day.turns,
};

/** The days of the period: as bars, and as a table with the same figures. */
export function DaysPanel({ days }: { readonly days: readonly DayFigures[] }) {
  const { t, i18n } = useTranslation("costs");
  const { money, number } = useFormat();
  const amount = useAmount();
  const [chosen, setChosen] = useState<Measure>();
  // Where nothing costs anything its bars would say nothing.
  const measure = chosen ?? (days.some((day) => day.cost > 0) ? "cost" : "tokens");
  const write = measure === "cost" ? money : number;
  // Days are those of UTC: said in another zone they would be other days.
  const format = new Intl.DateTimeFormat(i18n.language, { day: "numeric", month: "short", timeZone: "UTC" });
  const nameOf = (day: string): string => format.format(new Date(`${day}T00:00:00Z`));
  const used = days.filter((day) => day.turns > 0);
  return (
    <section className={styles.section}>
      <div className={styles.heading}>
        <h2>{t("byDay")}</h2>
        <label className={styles.measure}>
          <span className="visually-hidden">{t("measure")}</span>
          <select
            value={measure}
            onChange={({ target }) => setChosen(MEASURES.find((each) => each === target.value))}
          >
            {MEASURES.map((each) => (
              <option key={each} value={each}>
                {t(each)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <BarChart
        name={t("chart", { measure: t(measure), count: days.length })}
        bars={days.map((day) => ({ key: day.day, label: nameOf(day.day), value: VALUES[measure](day) }))}
        write={write}
      />
      <p className={styles.note}>{t("utc")}</p>
      <details className={styles.details}>
        <summary>{t("asTable")}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
        <section className={styles.scroll} aria-label={t("byDay")} tabIndex={0}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t("day")}</th>
                <th scope="col">{t("turns")}</th>
                <th scope="col">{t("tokens")}</th>
                <th scope="col">{t("cost")}</th>
              </tr>
            </thead>
            <tbody>
              {used.map((day) => (
                <tr key={day.day}>
                  <th scope="row">{nameOf(day.day)}</th>
                  <td>{number(day.turns)}</td>
                  <td>{number(tokensOf(day))}</td>
                  <td>{amount(day)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </section>
  );
}
