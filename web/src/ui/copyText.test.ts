import { afterEach, describe, expect, it, vi } from "vitest";
import { copyText } from "./copyText";

afterEach(() => {
  vi.unstubAllGlobals();
});

function clipboard(writeText: ((text: string) => Promise<void>) | undefined): void {
  vi.stubGlobal("navigator", { clipboard: writeText && { writeText } });
}

describe("copying text", () => {
  it("uses the clipboard", async () => {
    const writeText = vi.fn(async () => undefined);
    clipboard(writeText);
    expect(await copyText("hello")).toBe(true);
    expect(writeText).toHaveBeenCalledWith("hello");
  });

  it.each([
    ["there is none, as over plain HTTP", undefined],
    ["it is forbidden", () => Promise.reject(new DOMException("no", "NotAllowedError"))],
  ])("selects and copies where %s, and leaves nothing behind", async (_when, writeText) => {
    clipboard(writeText);
    let selected: string | undefined;
    document.execCommand = () => {
      selected = document.querySelector("textarea")?.value;
      return true;
    };
    const button = document.body.appendChild(document.createElement("button"));
    button.focus();
    expect(await copyText("hello")).toBe(true);
    expect(selected).toBe("hello");
    expect(document.querySelector("textarea")).toBeNull();
    expect(document.activeElement).toBe(button);
  });

  it("says where it could not", async () => {
    clipboard(undefined);
    document.execCommand = () => false;
    expect(await copyText("hello")).toBe(false);
    document.execCommand = () => {
      throw new Error("forbidden");
    };
    expect(await copyText("hello")).toBe(false);
  });
});
