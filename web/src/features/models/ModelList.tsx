import type { TFunction } from "i18next";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { type Format, useFormat } from "~/i18n/format";
import { Badge } from "~/ui/Badge";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import styles from "./ModelList.module.css";
import type { ModelView } from "./offered";
import { useModelName } from "./useModelName";

interface ModelListProps {
  readonly id: string;
  readonly models: readonly ModelView[];
  /** Why they could not be fetched. */
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly selected: string;
  readonly onChoose: (id: string) => void;
  readonly onTab: () => void;
}

/** The models with what one wants to know before choosing. A listbox: arrows, Home, End, letters, Enter. */
export function ModelList({ id, models, error, onRetry, selected, onChoose, onTab }: ModelListProps) {
  const { t } = useTranslation("models");
  const { t: common } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  const nameOf = useModelName();
  const count = models.length;
  useEffect(() => {
    if (!count) return;
    const options = list.current?.querySelectorAll<HTMLElement>("[role=option]") ?? [];
    const current = [...options].find((option) => option.ariaSelected === "true") ?? options[0];
    current?.focus();
  }, [count]);
  if (error && !count)
    return (
      <div className={styles.failed} role="alert">
        <p>{errorText(common, error)}</p>
        <Button onClick={onRetry}>{common("retry")}</Button>
      </div>
    );
  return (
    <>
      <div
        ref={list}
        id={id}
        role="listbox"
        aria-label={t("list")}
        tabIndex={-1}
        onKeyDown={(event) => onListKey(event, onTab)}
      >
        {models.map((model) => (
          <Option
            key={model.id}
            model={model}
            name={nameOf(model.id)}
            selected={model.id === selected}
            onChoose={onChoose}
          />
        ))}
      </div>
      <p className={styles.hint}>{t("hint")}</p>
    </>
  );
}

interface OptionProps {
  readonly model: ModelView;
  readonly name: string;
  readonly selected: boolean;
  readonly onChoose: (id: string) => void;
}

function Option({ model, name, selected, onChoose }: OptionProps) {
  const { t } = useTranslation("models");
  const choose = (): void => {
    if (model.available) onChoose(model.id);
  };
  return (
    <div
      role="option"
      tabIndex={-1}
      className={styles.option}
      aria-selected={selected}
      aria-disabled={!model.available || undefined}
      title={model.id}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      }}
    >
      <span className={styles.mark}>{selected && <Icon name="check" />}</span>
      <span className={styles.texts}>
        <span className={styles.title}>
          {name}
          {model.default && <Badge>{t("default")}</Badge>}
          {!model.available && <Badge tone="warning">{t("unavailable")}</Badge>}
        </span>
        <ModelFacts model={model} />
        {model.note && <span className={styles.facts}>{model.note}</span>}
      </span>
    </div>
  );
}

function ModelFacts({ model }: { readonly model: ModelView }) {
  const { t } = useTranslation("models");
  const format = useFormat();
  if (model.built_in) return <span className={styles.facts}>{t("builtInFacts")}</span>;
  return (
    <>
      <span className={styles.facts}>
        {model.provider} · {t("context", { tokens: format.number(model.context_tokens) })}
      </span>
      <span className={styles.facts}>{priceText(model.price, format, t)}</span>
    </>
  );
}

function priceText(price: ModelView["price"], format: Format, t: TFunction<"models">): string {
  if (!price) return t("priceUnknown");
  if (price.input_per_mtok === 0 && price.output_per_mtok === 0) return t("free");
  return t("price", {
    input: format.money(price.input_per_mtok),
    output: format.money(price.output_per_mtok),
    date: format.date(price.as_of),
  });
}

function onListKey(event: KeyboardEvent<HTMLElement>, onTab: () => void): void {
  const options = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=option]")];
  const at = options.indexOf(document.activeElement as HTMLElement);
  const to: Readonly<Record<string, number>> = {
    ArrowDown: Math.min(at + 1, options.length - 1),
    ArrowUp: Math.max(at - 1, 0),
    Home: 0,
    End: options.length - 1,
  };
  const index = to[event.key];
  if (event.key === "Tab") onTab();
  else if (index !== undefined) {
    event.preventDefault();
    options[index]?.focus();
  } else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey) {
    const letter = event.key.toLowerCase();
    const rest = [...options.slice(at + 1), ...options];
    rest.find((option) => option.textContent?.toLowerCase().startsWith(letter))?.focus();
  }
}
