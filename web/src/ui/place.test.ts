import { describe, expect, it } from "vitest";
import { placeBeside } from "./place";

const view = { width: 1000, height: 800 };
const button = (left: number, top: number) => ({ left, top, right: left + 100, bottom: top + 40 });

describe("something beside a button", () => {
  it("stands below it, start to start", () => {
    const at = placeBeside(button(300, 100), { width: 200, height: 300 }, view, "start", false);
    expect(at).toMatchObject({ left: 300, top: 144 });
  });

  it("has its end in line with the button's end where that is asked for", () => {
    const at = placeBeside(button(300, 100), { width: 200, height: 300 }, view, "end", false);
    expect(at.left).toBe(200);
  });

  it("is mirrored where one writes from right to left", () => {
    const size = { width: 200, height: 300 };
    expect(placeBeside(button(300, 100), size, view, "start", true).left).toBe(200);
    expect(placeBeside(button(300, 100), size, view, "end", true).left).toBe(300);
  });

  it("stands above it where there is more room", () => {
    const at = placeBeside(button(300, 700), { width: 200, height: 300 }, view, "start", false);
    expect(at.top + 300).toBe(696);
  });

  it("stays below where it fits nowhere and below is larger, and is to be scrolled", () => {
    const at = placeBeside(button(300, 100), { width: 200, height: 2000 }, view, "start", false);
    expect(at).toEqual({ left: 300, top: 144, maxHeight: 648 });
  });

  it("touches the window's upper edge, not more, where it is too high above", () => {
    const at = placeBeside(button(300, 700), { width: 200, height: 2000 }, view, "start", false);
    expect(at.top).toBe(8);
    expect(at.maxHeight).toBe(688);
  });

  it.each([
    [950, "start"],
    [-60, "end"],
  ] as const)("stays inside the window beside a button at %d", (left, align) => {
    const at = placeBeside(button(left, 100), { width: 200, height: 300 }, view, align, false);
    expect(at.left).toBeGreaterThanOrEqual(8);
    expect(at.left + 200).toBeLessThanOrEqual(992);
  });
});
