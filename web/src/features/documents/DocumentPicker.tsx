import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Choices, useChoices } from "~/state/choices";
import { Button } from "~/ui/Button";
import styles from "./DocumentPicker.module.css";

const PickerDialog = lazy(() => import("./PickerDialog"));

/** Chooses which documents a conversation may use; its button says which those are. */
export function DocumentPicker({ conversationId }: { readonly conversationId: string }) {
  const { t } = useTranslation("documents");
  const choices = useChoices(conversationId);
  const [isOpen, setOpen] = useState(false);
  const kind = kindOf(choices);
  return (
    <>
      <Button
        variant="quiet"
        icon="document"
        className={styles.button}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <span className={styles.text}>
          {t(`picker.${kind}`, { count: choices.documentIds?.length ?? 0 })}
        </span>
      </Button>
      {isOpen && (
        <Suspense>
          <PickerDialog conversationId={conversationId} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function kindOf({ useDocuments, documentIds }: Choices): "off" | "all" | "chosen" {
  if (!useDocuments) return "off";
  return documentIds === undefined ? "all" : "chosen";
}
