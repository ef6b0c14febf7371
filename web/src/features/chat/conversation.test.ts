import { describe, expect, it } from "vitest";
import { type ConversationData, withNewest, withOlder } from "./conversation";
import { messagesOf } from "./testing";

const HEADER = {
  conversation_id: "c",
  title: "Title",
  created_at: "2025-01-01T00:00:00.000000Z",
  updated_at: "2025-01-01T00:00:00.000000Z",
};
const page = (messages: ReturnType<typeof messagesOf>, next_cursor?: string) => ({
  ...HEADER,
  messages,
  ...(next_cursor && { next_cursor }),
});
const ids = (data: ConversationData | undefined): string[] =>
  data?.messages.map((message) => message.message_id) ?? [];

describe("reading the newest messages again", () => {
  const before = withOlder(
    withNewest(undefined, page(messagesOf(3, 5), "at-5")),
    page(messagesOf(4, 1)),
    "at-5",
  );

  it("keeps the older ones that were read, and where they end", () => {
    const now = withNewest(before, page(messagesOf(3, 6), "at-6"));
    expect(ids(now)).toEqual(messagesOf(8).map((message) => message.message_id));
    expect(now.cursor).toBeUndefined();
  });

  it("keeps each message that was there as the same object", () => {
    const now = withNewest(before, page(messagesOf(3, 6), "at-6"));
    expect(now.messages.slice(0, 14)).toEqual(before?.messages);
    for (const [index, message] of (before?.messages ?? []).entries())
      expect(now.messages[index]).toBe(message);
  });

  it("lets go of what was replaced", () => {
    const fresh = [...messagesOf(2, 5), ...messagesOf(1, 90)];
    expect(ids(withNewest(before, page(fresh, "at-5"))).slice(-4)).toEqual(["q6", "a6", "q90", "a90"]);
  });

  it("begins anew where there would be a gap", () => {
    const now = withNewest(before, page(messagesOf(2, 50), "at-50"));
    expect(ids(now)).toEqual(["q50", "a50", "q51", "a51"]);
    expect(now.cursor).toBe("at-50");
  });

  it("takes a new title", () => {
    expect(withNewest(before, { ...page(messagesOf(3, 5)), title: "Other" }).conversation.title).toBe(
      "Other",
    );
  });

  it("may find nothing left", () => {
    expect(withNewest(before, page([]))).toMatchObject({ messages: [], cursor: undefined });
  });
});

describe("reading older messages", () => {
  it("puts them before the others, once", () => {
    const before = withNewest(undefined, page(messagesOf(2, 3), "at-3"));
    const now = withOlder(before, page(messagesOf(3, 1), "at-1"), "at-3");
    expect(ids(now)).toEqual(messagesOf(4).map((message) => message.message_id));
    expect(now?.cursor).toBe("at-1");
  });

  it("drops a page that was asked for from another place", () => {
    const before = withNewest(undefined, page(messagesOf(2, 3), "at-3"));
    expect(withOlder(before, page(messagesOf(2, 1)), "at-9")).toBe(before);
    expect(withOlder(undefined, page(messagesOf(2, 1)), "at-9")).toBeUndefined();
  });
});
