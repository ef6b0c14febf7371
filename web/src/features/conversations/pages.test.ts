import { describe, expect, it } from "vitest";
import { type Header, type Known, withNewest, withOlder, without, withTitle } from "./pages";

const item = (id: string, minute: number, title = id): Header => ({
  conversation_id: id,
  title,
  created_at: "2026-11-01T00:00:00.000000Z",
  updated_at: `2026-11-21T10:${String(minute).padStart(2, "0")}:00.000000Z`,
});

const ids = (known: Known): string => known.items.map((each) => each.conversation_id).join("");
const known: Known = {
  items: [item("d", 40), item("c", 30), item("b", 20), item("a", 10)],
  cursor: "older",
};

describe("the newest page, fetched again", () => {
  it("is all there is at first", () => {
    const first = withNewest(undefined, { conversations: [item("d", 40)], next_cursor: "next" });
    expect(first).toEqual({ items: [item("d", 40)], cursor: "next" });
  });

  it("moves a conversation that got a turn to the top, and keeps older pages", () => {
    const page = { conversations: [item("a", 50), item("d", 40)], next_cursor: "x" };
    const merged = withNewest(known, page);
    expect(ids(merged)).toBe("adcb");
    expect(merged.cursor).toBe("older");
  });

  it("drops what it spans but does not hold", () => {
    const page = { conversations: [item("d", 40), item("b", 20)], next_cursor: "x" };
    expect(ids(withNewest(known, page))).toBe("dba");
  });

  it("takes new titles", () => {
    const page = { conversations: [item("d", 40, "new"), item("c", 30)], next_cursor: "x" };
    expect(withNewest(known, page).items[0]?.title).toBe("new");
  });

  it("forgets the rest where more changed than a page holds", () => {
    const page = { conversations: [item("z", 59), item("y", 58)], next_cursor: "x" };
    expect(withNewest(known, page)).toEqual({ items: page.conversations, cursor: "x" });
  });

  it("forgets the rest where the only one it knows has moved: others may stand between", () => {
    const page = { conversations: [item("a", 59), item("y", 58)], next_cursor: "x" };
    expect(ids(withNewest(known, page))).toBe("ay");
  });

  it("is all there is where nothing comes after it", () => {
    expect(withNewest(known, { conversations: [item("d", 40)] })).toEqual({
      items: [item("d", 40)],
      cursor: undefined,
    });
    expect(withNewest(known, { conversations: [], next_cursor: null }).items).toEqual([]);
  });

  it("goes on from its own end where all older ones that were known are gone", () => {
    const page = { conversations: [item("e", 45), item("d", 40)], next_cursor: "x" };
    const merged = withNewest({ items: [item("d", 40)], cursor: "older" }, page);
    expect(merged.cursor).toBe("x");
  });
});

describe("the next older page", () => {
  it("comes after what is known, each conversation once", () => {
    const page = { conversations: [item("a", 10), item("9", 5)], next_cursor: null };
    const merged = withOlder(known, page, "older");
    expect(ids(merged)).toBe("dcba9");
    expect(merged.cursor).toBeUndefined();
  });

  it("is left out where the listing went on from elsewhere meanwhile", () => {
    expect(withOlder(known, { conversations: [item("9", 5)] }, "another")).toBe(known);
  });
});

it("changes a title, and takes one out", () => {
  expect(withTitle(known, "c", "Capitals").items[1]?.title).toBe("Capitals");
  expect(ids(without(known, "c"))).toBe("dba");
});
