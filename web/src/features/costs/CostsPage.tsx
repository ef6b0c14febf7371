import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useUsage } from "~/api/queries";
import { errorText } from "~/i18n/errorText";
import { Button } from "~/ui/Button";
import { EmptyState } from "~/ui/EmptyState";
import { Skeleton } from "~/ui/Skeleton";
import styles from "./CostsPage.module.css";
import { DaysPanel } from "./DaysPanel";
import { byDay, daysOf, type Period, sum, type UsageRow } from "./figures";
import { ModelsTable } from "./ModelsTable";
import { Totals } from "./Totals";

const PERIODS: readonly Period[] = ["month", "days30", "days90"];

/** What the models were asked for, and what it cost. */
export default function CostsPage() {
  const { t } = useTranslation("costs");
  const { t: common } = useTranslation();
  const [period, setPeriod] = useState<Period>("month");
  const now = new Date();
  const days = daysOf(period, now);
  const usage = useUsage(days);
  return (
    <div className={styles.page}>
      <h1 className={styles.title}>{t("title")}</h1>
      <p className={styles.lead}>{t("lead")}</p>
      <fieldset className={styles.periods}>
        <legend className="visually-hidden">{t("period")}</legend>
        {PERIODS.map((each) => (
          <label key={each} className={styles.period}>
            <input
              type="radio"
              name="period"
              className="visually-hidden"
              checked={each === period}
              onChange={() => setPeriod(each)}
            />
            <span>{t(`periods.${each}`)}</span>
          </label>
        ))}
      </fieldset>
      {usage.isPending && <Skeleton lines={6} />}
      {usage.isError && !usage.data && (
        <EmptyState
          icon="warning"
          tone="danger"
          title={t("failed")}
          actions={<Button onClick={() => void usage.refetch()}>{common("retry")}</Button>}
        >
          {errorText(common, usage.error)}
        </EmptyState>
      )}
      {usage.data && <Report rows={usage.data.days} days={days} now={now} period={period} />}
    </div>
  );
}

interface ReportProps {
  readonly rows: readonly UsageRow[];
  readonly days: number;
  readonly now: Date;
  readonly period: Period;
}

function Report({ rows, days, now, period }: ReportProps) {
  const { t } = useTranslation("costs");
  if (rows.length === 0)
    return (
      <EmptyState icon="costs" title={t("emptyTitle")}>
        {t("empty")}
      </EmptyState>
    );
  return (
    <>
      <Totals figures={sum(rows)} now={now} month={period === "month"} />
      <DaysPanel days={byDay(rows, days, now)} />
      <ModelsTable rows={rows} />
    </>
  );
}
