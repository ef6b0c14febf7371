import { describe, expect, it } from "vitest";
import { saysPlace, targetOf } from "./targets";

describe("targetOf", () => {
  it.each([
    ["https://example.com/a?b#c", "https://example.com/a?b#c", "example.com", false],
    ["HTTP://EXAMPLE.com:8080", "http://example.com:8080/", "example.com:8080", false],
    ["https://bank.example@evil.example/x", "https://evil.example/x", "evil.example", true],
    ["https://a:b@evil.example/", "https://evil.example/", "evil.example", true],
    ["https://xn--80ak6aa92e.com/", "https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com", true],
    ["https://аррӏе.com/", "https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com", true],
    ["http://2130706433/", "http://127.0.0.1/", "127.0.0.1", false],
    ["mailto:a@b.example", "mailto:a@b.example", "a@b.example", false],
    ["mailto:a@b.example?bcc=c@d.example&body=secret", "mailto:a@b.example", "a@b.example", false],
  ])("%s leads to %s", (url, href, place, isSuspicious) => {
    expect(targetOf(url)).toEqual({ href, place, isSuspicious });
  });

  it.each([
    "",
    "/api",
    "x",
    "#a",
    "?q",
    "//evil.example",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "JaVaScRiPt:x",
    "java\nscript:x",
    "java\tscript:x",
    "\u0001javascript:x",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://a.example/x",
    "file:///etc/passwd",
    "ftp://a.example/",
    "tel:1",
    "mailto:",
    "mailto:a",
    "mailto:a@b,c@d",
    "https://",
    "https://a.example:99999/",
    "intent://x",
    undefined,
    null,
    7,
    `https://a.example/${"x".repeat(9_000)}`,
  ])("%j is no link", (url) => {
    expect(targetOf(url)).toBeUndefined();
  });
});

describe("saysPlace", () => {
  const target = targetOf("https://example.com/path");
  const evil = targetOf("https://evil.example/");
  if (!target || !evil) throw new Error("no target");

  it("is true where the text names the place", () => {
    for (const text of [
      "https://example.com/path",
      "example.com",
      "EXAMPLE.com/other",
      " http://example.com ",
    ])
      expect(saysPlace(text, target), text).toBe(true);
  });

  it("is false for words, for another place, and for what only looks like it", () => {
    for (const text of [
      "docs",
      "",
      " ",
      "https://example.com",
      "example.com.",
      "https://example.com@evil.example/",
      "example.com evil.example",
      "\u202eelpmaxe.live",
      "evіl.example",
    ])
      expect(saysPlace(text, evil), text).toBe(false);
  });
});
