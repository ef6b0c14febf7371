/**
 * Texts of the interface. A namespace a feature, a file a language: `en/chat.json`, `de/chat.json`. English is part of the first load,
 * other languages come when they are chosen. Keys are typed from the English files; a test holds the languages to the same keys.
 */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { type Language, usePreferences } from "~/state/preferences";
import { english } from "./english";

export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

const loaders: Readonly<Record<Exclude<Language, "en">, () => Promise<{ default: object }>>> = {
  de: () => import("./german"),
};

void i18next.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  resources: { en: english },
  defaultNS: "common",
  ns: Object.keys(english),
  // React escapes.
  interpolation: { escapeValue: false },
  initAsync: false,
  showSupportNotice: false,
});

/** The language that the preference comes to in this browser. */
export function languageOf(preference: Language | "system", offered = navigator.languages): Language {
  if (preference !== "system") return preference;
  const found = offered.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES);
  return (found as Language | undefined) ?? "en";
}

/** Follows the user's preference, from now on. Resolves when the texts of the language are there. */
export async function followLanguage(): Promise<void> {
  usePreferences.subscribe((now, before) => {
    if (now.language !== before.language) void speak(languageOf(now.language));
  });
  await speak(languageOf(usePreferences.getState().language));
}

async function speak(language: Language): Promise<void> {
  // Another one may be chosen while the texts of this one are on their way.
  const isWanted = (): boolean => languageOf(usePreferences.getState().language) === language;
  if (language !== "en" && !i18next.hasResourceBundle(language, "common")) {
    try {
      const texts = (await loaders[language]()).default as Record<string, object>;
      for (const [namespace, bundle] of Object.entries(texts))
        i18next.addResourceBundle(language, namespace, bundle);
    } catch {
      // Offline before it was ever loaded: English is there.
      return;
    }
  }
  if (!isWanted()) return;
  await i18next.changeLanguage(language);
  if (!isWanted()) return;
  document.documentElement.lang = language;
}
