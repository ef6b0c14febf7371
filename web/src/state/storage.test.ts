import { afterEach, describe, expect, it, vi } from "vitest";
import { forgetAll, onStorageTrouble, readStored, store } from "./storage";

afterEach(() => {
  vi.unstubAllGlobals();
  for (const key of ["long", "short"]) store(key, undefined);
});

/** Storage that keeps only values up to that length. */
function fullBeyond(length: number): void {
  const setItem = (_key: string, value: string): void => {
    if (value.length > length) throw new DOMException("full", "QuotaExceededError");
  };
  vi.stubGlobal("localStorage", { setItem, removeItem: () => undefined });
}

describe("what a browser keeps", () => {
  it("is read as it was kept", () => {
    expect(store("short", { a: [1, "ä"] })).toBe(true);
    expect(readStored("short")).toEqual({ a: [1, "ä"] });
  });

  it("is nothing where somebody else wrote rubbish", () => {
    localStorage.setItem("chatbot.short", "{not json");
    expect(readStored("short")).toBeUndefined();
  });

  it("says when keeping fails, and stays so while something else can be kept", () => {
    const told = vi.fn();
    const stop = onStorageTrouble(told);
    fullBeyond(10);
    expect(store("long", "x".repeat(100))).toBe(false);
    expect(store("short", 1)).toBe(true);
    expect(told.mock.calls).toEqual([[true]]);
    store("long", "fits");
    expect(told.mock.calls).toEqual([[true], [false]]);
    stop();
  });

  it("tells whoever comes later, too", () => {
    fullBeyond(10);
    store("long", "x".repeat(100));
    const told = vi.fn();
    onStorageTrouble(told)();
    expect(told).toHaveBeenCalledWith(true);
  });

  it("is forgotten without touching what is not ours", () => {
    store("short", 1);
    localStorage.setItem("another", "stays");
    forgetAll();
    expect(readStored("short")).toBeUndefined();
    expect(localStorage.getItem("another")).toBe("stays");
  });
});
