import { useTranslation } from "react-i18next";
import { useModels } from "~/api/queries";
import { modelOf } from "~/features/models/offered";
import { useModelName } from "~/features/models/useModelName";
import { isMac } from "~/features/shortcuts/combo";
import { usePreferences } from "~/state/preferences";
import { Field, fieldStyles } from "~/ui/Field";
import { Switch } from "~/ui/Switch";
import { Section } from "./Section";

/** What new conversations begin with, and how messages are sent. */
export function Answering() {
  const { t } = useTranslation("settings");
  const nameOf = useModelName();
  const models = useModels().data ?? [];
  const { model, useDocuments, enterSends, singleKeys, set } = usePreferences();
  const { gone } = modelOf(models, model);
  const standard = models.find((each) => each.default);
  return (
    <Section title={t("answering")}>
      <Field label={t("model.label")} hint={t("model.hint")}>
        {(attributes) => (
          <select
            {...attributes}
            className={fieldStyles.control}
            value={model ?? ""}
            onChange={(event) => set({ model: event.target.value || undefined })}
          >
            <option value="">
              {standard ? t("model.server", { name: nameOf(standard.id) }) : t("model.serverUnknown")}
            </option>
            {models.map((each) => (
              <option key={each.id} value={each.id} disabled={!each.available}>
                {each.available ? nameOf(each.id) : t("model.unavailable", { name: nameOf(each.id) })}
              </option>
            ))}
            {model && (gone || !models.length) && <option value={model}>{nameOf(model)}</option>}
          </select>
        )}
      </Field>
      <Switch
        label={t("documents.label")}
        hint={t("documents.hint")}
        checked={useDocuments}
        onChange={(checked) => set({ useDocuments: checked })}
      />
      <Switch
        label={t("enter.label")}
        hint={enterSends ? t("enter.on") : t("enter.off", { key: isMac() ? "⌘" : t("enter.ctrl") })}
        checked={enterSends}
        onChange={(checked) => set({ enterSends: checked })}
      />
      <Switch
        label={t("singleKeys.label")}
        hint={t("singleKeys.hint")}
        checked={singleKeys}
        onChange={(checked) => set({ singleKeys: checked })}
      />
    </Section>
  );
}
