import { describe, expect, it } from "vitest";
import { usePreferences } from "./preferences";
import { currentTheme, followTheme, resolvedTheme, toggleTheme } from "./theme";

describe("the theme", () => {
  it.each([
    ["system", true, "dark"],
    ["system", false, "light"],
    ["light", true, "light"],
    ["dark", false, "dark"],
  ] as const)("%s, with a system that is dark: %s, is %s", (preference, systemIsDark, expected) => {
    expect(resolvedTheme(preference, systemIsDark)).toBe(expected);
  });

  it("is on the page, and follows the preference", () => {
    followTheme();
    usePreferences.getState().set({ theme: "dark" });
    expect(document.documentElement.dataset.theme).toBe("dark");
    usePreferences.getState().set({ theme: "light" });
    expect(document.documentElement.dataset.theme).toBe("light");
  });

  it("is toggled to the other one", () => {
    usePreferences.getState().set({ theme: "light" });
    toggleTheme();
    expect(currentTheme()).toBe("dark");
    toggleTheme();
    expect(currentTheme()).toBe("light");
  });
});
