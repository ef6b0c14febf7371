import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { useApiKey } from "~/state/apiKey";
import { Button, IconButton } from "~/ui/Button";
import { Field, fieldStyles } from "~/ui/Field";
import { canBeKey, checkKey, cleanKey } from "./checkKey";
import styles from "./KeyForm.module.css";

interface KeyFormProps {
  /** The key was tried, works, and is kept. */
  readonly onSaved?: () => void;
  /** More buttons, before the one that saves. */
  readonly children?: ReactNode;
}

/** Takes the API key, tries it, and keeps it only if the server takes it. What was typed stays when it does not. */
export function KeyForm({ onSaved, children }: KeyFormProps) {
  const { t } = useTranslation("settings");
  const [typed, setTyped] = useState(useApiKey.getState().key);
  const [shown, setShown] = useState(false);
  const outcomeId = useId();
  const { busy, problem, works, save, forgetOutcome } = useSaving(onSaved);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void save(cleanKey(typed));
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <Field label={t("key.label")} hint={t("key.hint")} error={problem}>
        {(attributes) => (
          <div className={styles.line}>
            <input
              {...attributes}
              className={fieldStyles.control}
              type={shown ? "text" : "password"}
              value={typed}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              dir="ltr"
              onChange={(event) => {
                setTyped(event.target.value);
                forgetOutcome();
              }}
            />
            <IconButton
              icon={shown ? "eyeOff" : "eye"}
              label={shown ? t("key.hide") : t("key.show")}
              aria-pressed={shown}
              onClick={() => setShown(!shown)}
            />
          </div>
        )}
      </Field>
      <div className={styles.actions}>
        <p id={outcomeId} role="status" className={styles.works}>
          {busy ? t("key.checking") : works && t(typed ? "key.works" : "key.noneNeeded")}
        </p>
        {children}
        <Button type="submit" variant="primary" disabled={busy}>
          {t("key.save")}
        </Button>
      </div>
    </form>
  );
}

function useSaving(onSaved: (() => void) | undefined) {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [works, setWorks] = useState(false);
  const save = async (key: string): Promise<void> => {
    if (key && !canBeKey(key)) {
      setProblem(t("key.impossible"));
      return;
    }
    setBusy(true);
    setProblem(undefined);
    const error = await checkKey(key);
    setBusy(false);
    if (error) {
      const refused = error.code === "unauthorized";
      setProblem(refused ? t(key ? "key.refused" : "key.missing") : errorText(common, error));
      return;
    }
    setWorks(true);
    useApiKey.getState().setKey(key);
    // What was refused before is asked for again.
    void client.invalidateQueries();
    onSaved?.();
  };
  const forgetOutcome = (): void => {
    setProblem(undefined);
    setWorks(false);
  };
  return { busy, problem, works, save, forgetOutcome };
}
