import { useTranslation } from "react-i18next";
import { LANGUAGES } from "~/i18n";
import { type Language, usePreferences } from "~/state/preferences";
import { THEMES } from "./AppearanceMenu";
import { Choices } from "./Choices";
import { Section } from "./Section";

export function Appearance() {
  const { t } = useTranslation("settings");
  const { theme, language, set } = usePreferences();
  const languages = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <Section title={t("appearance")}>
      <Choices
        legend={t("theme.label")}
        chosen={theme}
        options={THEMES.map(({ value, icon }) => ({ value, icon, label: t(`theme.${value}`) }))}
        onChoose={(value) => set({ theme: value })}
      />
      <Choices<Language | "system">
        legend={t("language.label")}
        chosen={language}
        options={[
          { value: "system", label: t("language.system") },
          ...languages.map(([value, label]) => ({ value, label })),
        ]}
        onChoose={(value) => set({ language: value })}
      />
    </Section>
  );
}
