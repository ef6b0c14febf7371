/** The list as rows: a heading for each day, its conversations, and at the end what is still to come. Pure. */
import { type DayGroup, groupKey, groupOf } from "./days";
import type { Header } from "./pages";

export type Row =
  | { readonly kind: "heading"; readonly key: string; readonly group: DayGroup }
  | { readonly kind: "item"; readonly key: string; readonly item: Header }
  | { readonly kind: "more"; readonly key: string };

export function rowsOf(items: readonly Header[], now: Date, hasMore: boolean): Row[] {
  const rows: Row[] = [];
  const headed = new Set<string>();
  for (const item of items) {
    const group = groupOf(item.updated_at, now);
    const key = `day ${groupKey(group)}`;
    if (!headed.has(key)) rows.push({ kind: "heading", key, group });
    headed.add(key);
    rows.push({ kind: "item", key: item.conversation_id, item });
  }
  if (hasMore) rows.push({ kind: "more", key: "older pages" });
  return rows;
}

/** Where the conversation stands, or -1. */
export const rowOf = (rows: readonly Row[], id: string | undefined): number =>
  id === undefined ? -1 : rows.findIndex((row) => row.kind === "item" && row.key === id);

/** The next conversation from a row on, in either direction; -1 where there is none. */
export function nextItem(rows: readonly Row[], from: number, step: 1 | -1): number {
  for (let index = from + step; index >= 0 && index < rows.length; index += step)
    if (rows[index]?.kind === "item") return index;
  return -1;
}
