import { describe, expect, it } from "vitest";
import { axisTop, byDay, byModel, daysOf, estimatedMonth, sum, type UsageRow } from "./figures";

const row = (change: Partial<UsageRow> = {}): UsageRow => ({
  day: "2026-11-21",
  model: "builtin",
  turns: 1,
  input_tokens: 100,
  output_tokens: 10,
  cache_read_tokens: 5,
  cost_usd: 0,
  ...change,
});

const now = new Date("2026-11-21T18:00:00Z");

describe("the days of a period", () => {
  it("of this month go back to its first", () => {
    expect(daysOf("month", now)).toBe(21);
    expect(daysOf("days30", now)).toBe(30);
    expect(daysOf("days90", now)).toBe(90);
  });

  it("are counted in UTC, as the server counts", () => {
    expect(daysOf("month", new Date("2026-11-30T23:30:00-02:00"))).toBe(1);
  });
});

describe("the sum", () => {
  it("adds everything up", () => {
    expect(sum([row({ cost_usd: 0.25 }), row({ cost_usd: 0.5, turns: 3 })])).toEqual({
      turns: 4,
      inputTokens: 200,
      outputTokens: 20,
      cachedTokens: 10,
      cost: 0.75,
      unpriced: false,
    });
  });

  it("says where a price is not known, and adds up the rest", () => {
    const mixed = sum([row({ cost_usd: 0.25 }), row({ cost_usd: null })]);
    expect(mixed).toMatchObject({ cost: 0.25, unpriced: true });
    const { cost_usd: _, ...without } = row();
    expect(sum([without]).unpriced).toBe(true);
  });

  it("of nothing is nothing", () => {
    expect(sum([])).toMatchObject({ turns: 0, cost: 0, unpriced: false });
  });
});

describe("by day", () => {
  it("has every day, oldest first, with zeros for quiet ones", () => {
    const days = byDay([row(), row({ model: "other" }), row({ day: "2026-11-19" })], 4, now);
    expect(days.map(({ day, turns }) => [day, turns])).toEqual([
      ["2026-11-18", 0],
      ["2026-11-19", 1],
      ["2026-11-20", 0],
      ["2026-11-21", 2],
    ]);
  });

  it("leaves out what is older", () => {
    expect(byDay([row({ day: "2026-01-01" })], 2, now).map(({ turns }) => turns)).toEqual([0, 0]);
  });
});

it("lists models with the dearest first, then by tokens", () => {
  const rows = [
    row({ model: "free" }),
    row({ model: "dear", cost_usd: 2 }),
    row({ model: "busy", input_tokens: 9_000 }),
    row({ model: "dear", cost_usd: 1 }),
  ];
  expect(byModel(rows).map(({ model, cost }) => [model, cost])).toEqual([
    ["dear", 3],
    ["busy", 0],
    ["free", 0],
  ]);
});

describe("the estimate of the month", () => {
  it("goes on as the month began", () => {
    expect(estimatedMonth(10, new Date("2026-11-11T00:00:00Z"))).toBeCloseTo(30);
    expect(estimatedMonth(14, new Date("2027-02-15T00:00:00Z"))).toBeCloseTo(28);
  });

  it("is not made on the first day, or where nothing was paid", () => {
    expect(estimatedMonth(10, new Date("2026-11-01T23:59:00Z"))).toBeUndefined();
    expect(estimatedMonth(0, now)).toBeUndefined();
  });
});

it.each([
  [0, 1],
  [Number.NaN, 1],
  [1, 1],
  [1.01, 2],
  [4.2, 5],
  [7, 10],
  [0.00012, 0.0002],
  [123_456, 200_000],
])("the axis for %d ends at %d", (largest, top) => {
  expect(axisTop(largest)).toBeCloseTo(top, 10);
});
