import { describe, expect, it } from "vitest";
import { boxesOf, type FontStyle, type PlacedText } from "./boxes";

const styles: Record<string, FontStyle> = {
  f: { ascent: 0.8, descent: -0.2, vertical: false, fontFamily: "serif" },
};
/** 100 by 200 units, not turned. */
const view = { width: 100, height: 200, convertToViewportPoint: (x: number, y: number) => [x, 200 - y] };
const item = (str: string, x: number, y: number, change: Partial<PlacedText> = {}): PlacedText => ({
  str,
  dir: "ltr",
  width: str.length * 5,
  height: 10,
  transform: [10, 0, 0, 10, x, y],
  fontName: "f",
  ...change,
});
const whole = (piece: number, text: string) => ({ piece, start: 0, end: text.length });
const measure = (text: string): number => text.length;

describe("the boxes of a range of text", () => {
  it("stand where the letters stand, as shares of the page", () => {
    const [box] = boxesOf([whole(0, "abcd")], [item("abcd", 10, 100)], styles, view, measure);
    expect(box?.left).toBeCloseTo(0.1);
    expect(box?.width).toBeCloseTo(0.2);
    expect(box?.top).toBeCloseTo((200 - 108) / 200);
    expect(box?.height).toBeCloseTo(10 / 200);
  });

  it("cover the part of an item that is meant, and a little more", () => {
    const [box] = boxesOf(
      [{ piece: 0, start: 5, end: 10 }],
      [item("0123456789", 0, 50)],
      styles,
      view,
      measure,
    );
    expect(box?.left).toBeCloseTo(0.25 - 0.015);
    expect((box?.left ?? 0) + (box?.width ?? 0)).toBeCloseTo(0.5);
  });

  it("count from the right in text that is read from there", () => {
    const items = [item("0123456789", 0, 50, { dir: "rtl" })];
    const [box] = boxesOf([{ piece: 0, start: 0, end: 5 }], items, styles, view, measure);
    expect((box?.left ?? 0) + (box?.width ?? 0)).toBeCloseTo(0.5);
    expect(box?.left).toBeCloseTo(0.25 - 0.015);
  });

  it("are one for pieces that follow each other on a line", () => {
    const items = [item("ab", 10, 100), item("cd", 23, 100), item("ef", 10, 80)];
    const ranges = items.map(({ str }, piece) => whole(piece, str));
    expect(boxesOf(ranges, items, styles, view, measure)).toHaveLength(2);
  });

  it("are two for columns side by side", () => {
    const items = [item("ab", 10, 100), item("cd", 60, 100)];
    const ranges = items.map(({ str }, piece) => whole(piece, str));
    expect(boxesOf(ranges, items, styles, view, measure)).toHaveLength(2);
  });

  it("are upright for text that runs upwards", () => {
    const upwards = item("abcd", 50, 100, { transform: [0, 10, -10, 0, 50, 100] });
    const [box] = boxesOf([whole(0, "abcd")], [upwards], styles, view, measure);
    expect(box?.left).toBeCloseTo(0.42);
    expect(box?.width).toBeCloseTo(0.1);
    expect(box?.top).toBeCloseTo(0.4);
    expect(box?.height).toBeCloseTo(0.1);
  });

  it("end at the edge of the page", () => {
    const [box] = boxesOf([whole(0, "abcd")], [item("abcd", 95, 100)], styles, view, measure);
    expect((box?.left ?? 0) + (box?.width ?? 0)).toBe(1);
  });

  it.each([
    ["no size", { transform: [0, 0, 0, 0, 1, 1] }],
    ["no width", { width: 0 }],
    ["a place off the page", { transform: [10, 0, 0, 10, 500, 500] }],
    ["an unknown font and broken numbers", { fontName: "x", transform: [Number.NaN, 0, 0, 1, 0, 0] }],
  ])("are none for text of %s", (_, change) => {
    expect(boxesOf([whole(0, "abcd")], [item("abcd", 10, 100, change)], styles, view, measure)).toEqual([]);
  });

  it("are none for a piece that is not there", () => {
    expect(boxesOf([whole(7, "abcd")], [], styles, view, measure)).toEqual([]);
  });
});
