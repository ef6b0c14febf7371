import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FrameText } from "./frames";

describe("text that arrives quickly", () => {
  let frames: (() => void)[] = [];
  let taken: string[] = [];

  beforeEach(() => {
    vi.useFakeTimers();
    frames = [];
    taken = [];
    vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
    vi.stubGlobal("cancelAnimationFrame", () => undefined);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const draw = (): void => {
    for (const frame of frames.splice(0)) frame();
  };
  const gather = (): FrameText => new FrameText((text) => taken.push(text));

  it("is handed on once a frame, whole and in order", () => {
    const text = gather();
    for (let frame = 0; frame < 10; frame += 1) {
      for (let piece = 0; piece < 20; piece += 1) text.add(`${frame}.${piece} `);
      draw();
    }
    expect(taken).toHaveLength(10);
    expect(taken.join("")).toMatch(/^0\.0 0\.1 .* 9\.19 $/);
  });

  it("is handed on though the page is hidden and draws nothing", () => {
    const text = gather();
    text.add("a");
    text.add("b");
    vi.advanceTimersByTime(1_000);
    expect(taken).toEqual(["ab"]);
    draw();
    expect(taken).toEqual(["ab"]);
  });

  it("is handed on at once at the end, and only once", () => {
    const text = gather();
    text.add("a");
    text.flush();
    text.flush();
    draw();
    vi.advanceTimersByTime(1_000);
    expect(taken).toEqual(["a"]);
  });
});
