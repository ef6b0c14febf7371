import { describe, expect, it } from "vitest";
import { fileName } from "./saveFile";

describe("the name of a file", () => {
  it.each([
    ["Capitals of Europe", "Capitals of Europe.md"],
    ["Grüße aus 東京 🙂", "Grüße aus 東京 🙂.md"],
    ['a/b\\c:d*e?f"g<h>i|j', "a b c d e f g h i j.md"],
    ["../../etc/passwd", "etc passwd.md"],
    [".hidden", "hidden.md"],
    ["ends with dots...", "ends with dots.md"],
    ["two\nlines\tand\u0000more", "two lines and more.md"],
    ["evil\u202egpj.exe", "evil gpj.exe.md"],
    ["CON", "CON_.md"],
    ["lone \ud800 surrogate", "lone surrogate.md"],
    ["   ", "chatbot.md"],
    ["???", "chatbot.md"],
    ["", "chatbot.md"],
  ])("made of %j is %j", (title, expected) => {
    expect(fileName(title, "md")).toBe(expected);
  });

  it("is cut between characters, not within one", () => {
    const name = fileName("🙂".repeat(200), "json");
    expect(name).toBe(`${"🙂".repeat(80)}.json`);
  });
});
