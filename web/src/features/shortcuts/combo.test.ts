import { describe, expect, it } from "vitest";
import { isMac, isPressed, writtenKeys } from "./combo";

const event = (key: string, held = "") => ({
  key,
  ctrlKey: held.includes("c"),
  metaKey: held.includes("m"),
  shiftKey: held.includes("s"),
  altKey: held.includes("a"),
});
const newChat = { key: "o", mod: true, shift: true };

describe("a combination of keys", () => {
  it.each([
    ["Ctrl+Shift+O elsewhere", newChat, event("O", "cs"), false, true],
    ["Cmd+Shift+O on a Mac", newChat, event("o", "ms"), true, true],
    ["Ctrl on a Mac is not Cmd", newChat, event("O", "cs"), true, false],
    ["the Windows key is not Ctrl", newChat, event("O", "ms"), false, false],
    ["without Shift", newChat, event("o", "c"), false, false],
    ["with Alt too, as AltGr is written", newChat, event("O", "csa"), false, false],
    ["another letter", newChat, event("p", "cs"), false, false],
    ["a sign that needs no Shift", { key: "/" }, event("/"), false, true],
    ["a sign that needs Shift on this keyboard", { key: "/" }, event("/", "s"), false, true],
    ["a sign with Ctrl, not asked for", { key: "/" }, event("/", "c"), false, false],
    ["Ctrl+/ with Shift", { key: "/", mod: true }, event("/", "cs"), false, true],
    ["Escape", { key: "Escape" }, event("Escape"), false, true],
    ["Shift+Escape is another one", { key: "Escape" }, event("Escape", "s"), false, false],
  ])("%s", (_what, combo, pressed, mac, expected) => {
    expect(isPressed(combo, pressed, mac)).toBe(expected);
  });

  it("is written as the keys of the platform are", () => {
    const name = (key: string): string => `<${key}>`;
    expect(writtenKeys(newChat, true, name)).toEqual(["⌘", "⇧", "O"]);
    expect(writtenKeys(newChat, false, name)).toEqual(["<ctrl>", "<shift>", "O"]);
    expect(writtenKeys({ key: "Escape", shift: true }, false, name)).toEqual(["<shift>", "<escape>"]);
    expect(writtenKeys({ key: "Enter", mod: true }, true, name)).toEqual(["⌘", "↵"]);
  });

  it.each([
    ["MacIntel", true],
    ["iPhone", true],
    ["Win32", false],
    ["Linux x86_64", false],
    ["", false],
  ])("knows a Mac by %j", (platform, expected) => {
    expect(isMac(platform)).toBe(expected);
  });
});
