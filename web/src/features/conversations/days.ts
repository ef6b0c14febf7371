/** Conversations by the day of their last turn, as the user's clock has it. Pure. */

export type DayGroup =
  | { readonly kind: "today" | "yesterday" | "lastWeek" | "lastMonth" | "unknown" }
  | { readonly kind: "month"; readonly year: number /** From 0. */; readonly month: number };

const DAY_MS = 86_400_000;

/** Which group a time (ISO-8601) belongs to. A clock that runs behind the server's makes no tomorrow. */
export function groupOf(time: string, now: Date): DayGroup {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return { kind: "unknown" };
  const days = calendarDay(now) - calendarDay(date);
  if (days <= 0) return { kind: "today" };
  if (days === 1) return { kind: "yesterday" };
  if (days <= 7) return { kind: "lastWeek" };
  if (days <= 30) return { kind: "lastMonth" };
  return { kind: "month", year: date.getFullYear(), month: date.getMonth() };
}

export const groupKey = (group: DayGroup): string =>
  group.kind === "month" ? `${group.year}-${group.month + 1}` : group.kind;

/** Milliseconds until the groups change: the next midnight. */
export function untilTomorrow(now: Date): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime();
}

/** Number of the local calendar day. Days of 23 and 25 hours count as one. */
function calendarDay(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY_MS;
}
