import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useHealth, useModels } from "~/api/queries";
import { useChoices, useChoicesStore } from "~/state/choices";
import { usePreferences } from "~/state/preferences";
import { showToast } from "~/state/toasts";
import { Icon } from "~/ui/Icon";
import { Popover } from "~/ui/Popover";
import { ModelList } from "./ModelList";
import styles from "./ModelPicker.module.css";
import { modelOf } from "./offered";
import { useModelName } from "./useModelName";

/** Chooses the model of a conversation, with its price. */
export function ModelPicker({ conversationId }: { readonly conversationId: string }) {
  const { t } = useTranslation("models");
  const nameOf = useModelName();
  const models = useModels();
  const health = useHealth();
  const { model: chosen } = useChoices(conversationId);
  const choose = useChoicesStore((state) => state.choose);
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const listId = useId();
  const { model, gone } = modelOf(models.data ?? [], chosen);
  useFallback(conversationId, gone ? chosen : undefined);
  const id = model?.id ?? chosen ?? health.data?.model;
  if (!id) return null;
  const name = nameOf(id);
  const close = (): void => {
    button.current?.focus();
    setOpen(false);
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={styles.button}
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-controls={open ? listId : undefined}
        aria-label={t("button", { name })}
        title={t("button", { name })}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {model && !model.available && <Icon name="warning" size={16} />}
        <span className={styles.name}>{name}</span>
        <Icon name="chevronDown" size={16} />
      </button>
      {open && (
        <Popover anchor={button} align="start" onClose={() => setOpen(false)} className={styles.popover}>
          <ModelList
            id={listId}
            models={models.data ?? []}
            error={models.error}
            onRetry={() => void models.refetch()}
            selected={id}
            onChoose={(next) => {
              choose(conversationId, { model: next });
              close();
            }}
            onTab={close}
          />
        </Popover>
      )}
    </>
  );
}

/** A model that is no longer offered would be refused: the choice goes back to the default, and that is said. */
function useFallback(conversationId: string, gone: string | undefined): void {
  const { t } = useTranslation("models");
  const nameOf = useModelName();
  const choose = useChoicesStore((state) => state.choose);
  useEffect(() => {
    if (gone === undefined) return;
    const preferences = usePreferences.getState();
    if (preferences.model === gone) preferences.set({ model: undefined });
    choose(conversationId, { model: undefined });
    showToast({ kind: "info", text: t("gone", { name: nameOf(gone) }), stays: 10_000 });
  }, [gone, conversationId, choose, nameOf, t]);
}
