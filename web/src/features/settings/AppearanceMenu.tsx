import { useTranslation } from "react-i18next";
import { LANGUAGES } from "~/i18n";
import { type Language, type Theme, usePreferences } from "~/state/preferences";
import { Menu } from "~/ui/Menu";

export const THEMES = [
  { value: "system", icon: "system" },
  { value: "light", icon: "sun" },
  { value: "dark", icon: "moon" },
] as const satisfies readonly { value: Theme; icon: string }[];

/** Theme and language at hand, from every page. */
export function AppearanceMenu() {
  const { t } = useTranslation("settings");
  const theme = usePreferences((state) => state.theme);
  const set = usePreferences((state) => state.set);
  return (
    <>
      <Menu
        label={t("theme.label")}
        icon={THEMES.find(({ value }) => value === theme)?.icon ?? "system"}
        align="start"
        items={THEMES.map(({ value, icon }) => ({
          label: t(`theme.${value}`),
          icon,
          checked: theme === value,
          run: () => set({ theme: value }),
        }))}
      />
      <LanguageMenu />
    </>
  );
}

function LanguageMenu() {
  const { t } = useTranslation("settings");
  const language = usePreferences((state) => state.language);
  const set = usePreferences((state) => state.set);
  const offered = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <Menu
      label={t("language.label")}
      icon="language"
      align="start"
      items={[
        {
          label: t("language.system"),
          checked: language === "system",
          run: () => set({ language: "system" }),
        },
        ...offered.map(([value, name]) => ({
          label: name,
          checked: language === value,
          run: () => set({ language: value }),
        })),
      ]}
    />
  );
}
