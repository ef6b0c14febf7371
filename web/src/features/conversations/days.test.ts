import { afterEach, describe, expect, it, vi } from "vitest";
import { groupKey, groupOf, untilTomorrow } from "./days";

const now = new Date(2026, 10, 21, 9, 30);
const ago = (days: number, hour = 12): string => new Date(2026, 10, 21 - days, hour).toISOString();
const keyOf = (time: string, at = now): string => groupKey(groupOf(time, at));

describe("the day of a conversation", () => {
  it.each([
    [ago(0, 0), "today"],
    [ago(1, 23), "yesterday"],
    [ago(1, 0), "yesterday"],
    [ago(2, 23), "lastWeek"],
    [ago(7, 0), "lastWeek"],
    [ago(8, 23), "lastMonth"],
    [ago(30, 0), "lastMonth"],
    [ago(31, 23), "2026-10"],
    [new Date(2025, 0, 1).toISOString(), "2025-1"],
  ])("of %s is %s", (time, expected) => {
    expect(keyOf(time)).toBe(expected);
  });

  it("is today for a time that this clock has not reached yet", () => {
    expect(keyOf(ago(-3))).toBe("today");
  });

  it("is unknown for what is no time", () => {
    expect(keyOf("yesterday-ish")).toBe("unknown");
    expect(keyOf("")).toBe("unknown");
  });

  it("takes the microseconds of the server", () => {
    expect(keyOf("2026-11-20T12:00:00.000001Z", new Date(2026, 10, 22, 0, 1))).toBe("lastWeek");
  });

  afterEach(() => vi.unstubAllEnvs());

  it("follows the user's midnight, not that of UTC", () => {
    vi.stubEnv("TZ", "Asia/Tokyo");
    const morning = new Date("2026-11-21T01:00:00Z");
    expect(keyOf("2026-11-20T16:00:00Z", morning)).toBe("today");
    expect(keyOf("2026-11-20T14:00:00Z", morning)).toBe("yesterday");
  });

  it("counts days of 23 and 25 hours as one", () => {
    vi.stubEnv("TZ", "Europe/Berlin");
    expect(keyOf(new Date(2026, 2, 28, 0, 5).toISOString(), new Date(2026, 2, 30, 0, 1))).toBe("lastWeek");
    expect(keyOf(new Date(2026, 2, 28, 23, 55).toISOString(), new Date(2026, 2, 29, 23))).toBe("yesterday");
    expect(keyOf(new Date(2026, 9, 24, 23).toISOString(), new Date(2026, 9, 25, 23, 30))).toBe("yesterday");
    expect(untilTomorrow(new Date(2026, 2, 29, 0, 0))).toBe(23 * 3_600_000);
  });
});
