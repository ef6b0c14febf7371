/** The theme that the user chose, on the page: `data-theme` on <html>, and the colour of the browser's own bars. */
import { type Theme, usePreferences } from "./preferences";

const SYSTEM_DARK = "(prefers-color-scheme: dark)";

/** What a preference comes to. */
export function resolvedTheme(preference: Theme, systemIsDark: boolean): "light" | "dark" {
  if (preference !== "system") return preference;
  return systemIsDark ? "dark" : "light";
}

export const currentTheme = (): "light" | "dark" =>
  resolvedTheme(usePreferences.getState().theme, matchMedia(SYSTEM_DARK).matches);

/** The other one of the two. */
export function toggleTheme(): void {
  usePreferences.getState().set({ theme: currentTheme() === "dark" ? "light" : "dark" });
}

/** Follows the preference and the system, from now on. To be called before anything is drawn. */
export function followTheme(): void {
  matchMedia(SYSTEM_DARK).addEventListener("change", show);
  usePreferences.subscribe((now, before) => {
    if (now.theme !== before.theme) show();
  });
  show();
}

function show(): void {
  document.documentElement.dataset.theme = currentTheme();
  const colour = getComputedStyle(document.body).backgroundColor;
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    if (colour) meta.content = colour;
  }
}
