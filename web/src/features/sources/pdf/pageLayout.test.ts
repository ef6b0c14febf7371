import { describe, expect, it } from "vitest";
import { anchorAt, layoutOf, offsetOf, pageAt, pagesBetween } from "./pageLayout";

/** Three pages of 200 pixels, 10 apart: 10-210, 220-420, 430-630. */
const layout = layoutOf(3, 100, 10, () => 2);

describe("the layout of pages", () => {
  it("puts them below each other, a gap around each", () => {
    expect(layout).toEqual({ tops: [10, 220, 430, 640], heights: [200, 200, 200] });
  });

  it.each([
    [-50, 1],
    [0, 1],
    [209, 1],
    [210, 2],
    [420, 3],
    [9_999, 3],
  ])("knows which page is at %d", (offset, page) => {
    expect(pageAt(layout, offset)).toBe(page);
  });

  it("knows the pages of a stretch", () => {
    expect(pagesBetween(layout, 100, 300)).toEqual([1, 2]);
    expect(pagesBetween(layout, -100, 5_000)).toEqual([1, 3]);
  });

  it("finds a place again after all sizes have changed", () => {
    const larger = layoutOf(3, 250, 10, () => 2);
    const place = anchorAt(layout, 320);
    expect(place).toEqual({ page: 2, share: 0.5 });
    expect(offsetOf(larger, place)).toBe((larger.tops[1] ?? 0) + 250);
    expect(anchorAt(larger, offsetOf(larger, place))).toEqual(place);
  });

  it.each([0, 4, 1_000])("keeps page %d within the document", (page) => {
    expect([10, 430]).toContain(offsetOf(layout, { page, share: 0 }));
  });

  it("lays out 5,000 pages of different sizes so that each is where it is looked for", () => {
    const many = layoutOf(5_000, 600, 12, (page) => 0.5 + (page % 7) / 4);
    for (const page of [1, 2, 777, 4_999, 5_000]) {
      expect(pageAt(many, offsetOf(many, { page, share: 0 }))).toBe(page);
      expect(pageAt(many, offsetOf(many, { page, share: 0.99 }))).toBe(page);
    }
  });
});
