import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
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
  /** Whether the key that is kept can be forgotten here. */
  readonly forgettable?: boolean;
  /** More buttons, before the one that saves. */
  readonly children?: ReactNode;
}

/** Takes the API key, tries it, and keeps it only if the server takes it. What was typed stays when it does not. */
export function KeyForm({ onSaved, forgettable = false, children }: KeyFormProps) {
  const { t } = useTranslation("settings");
  const [typed, setTyped] = useTypedKey();
  const kept = useApiKey((state) => state.key !== "");
  const field = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  const outcomeId = useId();
  const { busy, problem, outcome, save, forget, forgetOutcome } = useSaving(onSaved);
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
              ref={field}
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
          {busy ? t("key.checking") : outcome && t(`key.${outcome}`)}
        </p>
        {forgettable && kept && (
          <Button
            onClick={() => {
              forget();
              setTyped("");
              // This button goes.
              field.current?.focus();
            }}
          >
            {t("key.forget")}
          </Button>
        )}
        {children}
        <Button type="submit" variant="primary">
          {t("key.save")}
        </Button>
      </div>
    </form>
  );
}

/** What stands in the field: the key that is kept, also where another tab changes it, until something else is typed. */
function useTypedKey() {
  const [typed, setTyped] = useState(useApiKey.getState().key);
  useEffect(
    () =>
      useApiKey.subscribe((now, before) => {
        setTyped((shown) => (shown === before.key ? now.key : shown));
      }),
    [],
  );
  return [typed, setTyped] as const;
}

type Outcome = "works" | "noneNeeded" | "forgotten";

function useSaving(onSaved: (() => void) | undefined) {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [outcome, setOutcome] = useState<Outcome>();
  const check = useRef<AbortController>(undefined);
  // Nothing comes of a key any more when another one is being typed or tried.
  const giveUp = (): void => {
    check.current?.abort();
    setBusy(false);
  };
  const refusalOf = (key: string): string => t(key ? "key.refused" : "key.missing");
  const save = async (key: string): Promise<void> => {
    giveUp();
    if (key && !canBeKey(key)) {
      setProblem(t("key.impossible"));
      return;
    }
    check.current = new AbortController();
    const { signal } = check.current;
    setBusy(true);
    setProblem(undefined);
    const error = await checkKey(key, signal);
    if (signal.aborted) return;
    setBusy(false);
    if (error) {
      setProblem(error.code === "unauthorized" ? refusalOf(key) : errorText(common, error));
      return;
    }
    setOutcome(key ? "works" : "noneNeeded");
    useApiKey.getState().setKey(key);
    onSaved?.();
  };
  const forget = (): void => {
    giveUp();
    setProblem(undefined);
    setOutcome("forgotten");
    useApiKey.getState().setKey("");
  };
  const forgetOutcome = (): void => {
    giveUp();
    setProblem(undefined);
    setOutcome(undefined);
  };
  return { busy, problem, outcome, save, forget, forgetOutcome };
}
