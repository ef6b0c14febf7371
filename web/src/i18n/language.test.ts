import i18next from "i18next";
import { afterAll, describe, expect, it, vi } from "vitest";
import { usePreferences } from "~/state/preferences";
import { followLanguage, languageOf } from ".";
import { formatOf } from "./format";

afterAll(() => usePreferences.getState().set({ language: "en" }));

describe("the language of the interface", () => {
  it.each([
    ["system", ["de-AT", "en"], "de"],
    ["system", ["fr-FR", "de"], "de"],
    ["system", ["fr-FR", "en-GB"], "en"],
    ["system", ["fr"], "en"],
    ["system", [], "en"],
    ["en", ["de"], "en"],
    ["de", ["en"], "de"],
  ] as const)("%s in a browser that wants %j is %s", (preference, offered, expected) => {
    expect(languageOf(preference, offered)).toBe(expected);
  });

  it("is that of <html> and of the texts, and changes with the preference", async () => {
    usePreferences.getState().set({ language: "en" });
    await followLanguage();
    expect(document.documentElement.lang).toBe("en");
    usePreferences.getState().set({ language: "de" });
    await vi.waitFor(() => expect(document.documentElement.lang).toBe("de"));
    expect(i18next.t("cancel")).toBe("Abbrechen");
    usePreferences.getState().set({ language: "en" });
    await vi.waitFor(() => expect(document.documentElement.lang).toBe("en"));
    expect(i18next.t("cancel")).toBe("Cancel");
  });

  it("is the one that was chosen last, though the texts of another come later", async () => {
    await followLanguage();
    i18next.removeResourceBundle("de", "common");
    usePreferences.getState().set({ language: "de" });
    usePreferences.getState().set({ language: "en" });
    await vi.waitFor(() => expect(i18next.hasResourceBundle("de", "common")).toBe(true));
    // What is done once the texts are there.
    await new Promise((resolve) => setTimeout(resolve));
    expect(i18next.language).toBe("en");
    expect(document.documentElement.lang).toBe("en");
  });
});

describe("figures", () => {
  const [en, de] = [formatOf("en"), formatOf("de")];
  const plain = (text: string): string => text.replace(/\u00a0|\u202f/g, " ");

  it("are written as the language writes them", () => {
    expect(en.number(1234567)).toBe("1,234,567");
    expect(de.number(1234567)).toBe("1.234.567");
    expect(en.money(12.5)).toBe("$12.50");
    expect(plain(de.money(12.5))).toBe("12,50 $");
    expect(plain(de.percent(0.25))).toBe("25 %");
  });

  it.each([
    [0, "$0.00"],
    [0.000123, "$0.00012"],
    [0.05, "$0.05"],
    [0.1, "$0.10"],
    [1234.5, "$1,234.50"],
  ])("of money (%d) have as many digits as they need: %s", (value, expected) => {
    expect(en.money(value)).toBe(expected);
  });

  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1000, "1 kB"],
    [52_428_800, "52.4 MB"],
    [5e12, "5,000 GB"],
  ])("of bytes (%d) have a unit that fits: %s", (value, expected) => {
    expect(en.bytes(value)).toBe(expected);
  });

  it("of a time that is none are what came", () => {
    expect(en.date("not a date")).toBe("not a date");
    expect(en.date("2026-11-21T10:00:00Z")).toContain("2026");
  });
});
