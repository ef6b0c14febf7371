/** The server's counters (a row a day and model, days in UTC) as the page shows them. Pure. */
import type { Schemas } from "~/api/client";

export type UsageRow = Schemas["UsageDay"];
export type Period = "month" | "days30" | "days90";

const DAY_MS = 86_400_000;

export interface Figures {
  readonly turns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** US dollars, of the turns whose price is known. */
  readonly cost: number;
  /** Some of it has no known price: the cost is higher than `cost`. */
  readonly unpriced: boolean;
}

export interface DayFigures extends Figures {
  /** Such as 2026-11-21. */
  readonly day: string;
}

export interface ModelFigures extends Figures {
  readonly model: string;
}

/** How many days of counters to ask for: today's (UTC) is the last of them. */
export function daysOf(period: Period, now: Date): number {
  if (period === "month") return now.getUTCDate();
  return period === "days30" ? 30 : 90;
}

export function sum(rows: readonly UsageRow[]): Figures {
  return {
    turns: total(rows, (row) => row.turns),
    inputTokens: total(rows, (row) => row.input_tokens),
    outputTokens: total(rows, (row) => row.output_tokens),
    cachedTokens: total(rows, (row) => row.cache_read_tokens),
    cost: total(rows, (row) => row.cost_usd ?? 0),
    unpriced: rows.some((row) => row.cost_usd == null),
  };
}

/** Every day of the period, oldest first, those without a turn as well. */
export function byDay(rows: readonly UsageRow[], days: number, now: Date): DayFigures[] {
  const ofDay = grouped(rows, (row) => row.day);
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(now.getTime() - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return { day, ...sum(ofDay.get(day) ?? []) };
  });
}

/** The dearest first, then those with the most tokens. */
export function byModel(rows: readonly UsageRow[]): ModelFigures[] {
  const models = [...grouped(rows, (row) => row.model)].map(([model, found]) => ({ model, ...sum(found) }));
  return models.sort(
    (a, b) => b.cost - a.cost || tokensOf(b) - tokensOf(a) || a.model.localeCompare(b.model),
  );
}

export const tokensOf = (figures: Figures): number => figures.inputTokens + figures.outputTokens;

/**
 * What this month (UTC) may come to if it goes on as it began; `undefined` in its first day, when nothing can be said, and where there is
 * nothing to pay.
 */
export function estimatedMonth(costSoFar: number, now: Date): number | undefined {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  const start = Date.UTC(year, month, 1);
  const elapsed = now.getTime() - start;
  if (elapsed < DAY_MS || costSoFar <= 0) return undefined;
  return (costSoFar / elapsed) * (Date.UTC(year, month + 1, 1) - start);
}

/** A round number that is not below the largest value, for the top of an axis. */
export function axisTop(largest: number): number {
  if (!(largest > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= largest) ?? 10;
  return step * power;
}

function total(rows: readonly UsageRow[], of: (row: UsageRow) => number): number {
  return rows.reduce((sofar, row) => sofar + of(row), 0);
}

function grouped(rows: readonly UsageRow[], keyOf: (row: UsageRow) => string): Map<string, UsageRow[]> {
  const groups = new Map<string, UsageRow[]>();
  for (const row of rows) {
    const found = groups.get(keyOf(row));
    if (found) found.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
