/** The listing as far as it is known: the newest conversations, and where the older ones begin. Pure. */
import type { Schemas } from "~/api/client";

export type Header = Schemas["ConversationHeader"];
export type Page = Schemas["ConversationList"];

export interface Known {
  /** Latest turn first. */
  readonly items: readonly Header[];
  /** Leads to the older ones; `undefined` where all are known. */
  readonly cursor: string | undefined;
}

/**
 * What is known after the newest page was fetched again. A listing changes at its top only: a turn moves its conversation there. So older
 * pages stay as they are, and need not be fetched again after every answer; what the page spans but does not hold is gone.
 */
export function withNewest(known: Known | undefined, page: Page): Known {
  const fresh: Known = { items: page.conversations, cursor: page.next_cursor ?? undefined };
  const oldest = page.conversations.at(-1);
  if (!known || !oldest || fresh.cursor === undefined) return fresh;
  const inPage = new Set(page.conversations.map((item) => item.conversation_id));
  const times = new Map(known.items.map((item) => [item.conversation_id, item.updated_at]));
  const joins = page.conversations.some((item) => times.get(item.conversation_id) === item.updated_at);
  // More has changed than a page holds: there may be a gap between the page and what was known.
  if (!joins) return fresh;
  const older = known.items.filter(
    (item) => item.updated_at < oldest.updated_at && !inPage.has(item.conversation_id),
  );
  return older.length > 0 ? { items: [...page.conversations, ...older], cursor: known.cursor } : fresh;
}

/** What is known after the next older page came. `cursor` is what it was asked with. */
export function withOlder(known: Known, page: Page, cursor: string): Known {
  // The top was fetched anew meanwhile, and the rest forgotten.
  if (known.cursor !== cursor) return known;
  const ids = new Set(known.items.map((item) => item.conversation_id));
  const added = page.conversations.filter((item) => !ids.has(item.conversation_id));
  return { items: [...known.items, ...added], cursor: page.next_cursor ?? undefined };
}

export function withTitle(known: Known, id: string, title: string): Known {
  return {
    ...known,
    items: known.items.map((item) => (item.conversation_id === id ? { ...item, title } : item)),
  };
}

export function without(known: Known, id: string): Known {
  return { ...known, items: known.items.filter((item) => item.conversation_id !== id) };
}
