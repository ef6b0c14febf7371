import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { paths } from "~/app/routes";
import { useChoices, useChoicesStore } from "~/state/choices";
import { Button } from "~/ui/Button";
import { Dialog } from "~/ui/Dialog";
import { Switch } from "~/ui/Switch";
import { isSwitchedOff, ListingState } from "./ListingState";
import { PickerChoices } from "./PickerChoices";
import styles from "./PickerDialog.module.css";
import { useDocuments } from "./useDocuments";

interface PickerDialogProps {
  readonly conversationId: string;
  readonly onClose: () => void;
}

/** Whether a conversation may use documents, and which. What is chosen holds at once. */
export default function PickerDialog({ conversationId, onClose }: PickerDialogProps) {
  const { t } = useTranslation("documents");
  const { useDocuments: uses, documentIds } = useChoices(conversationId);
  const choose = useChoicesStore((state) => state.choose);
  const listing = useDocuments({ all: true });
  const group = useId();
  // What was chosen is there again after a look at the other possibility.
  const chosenBefore = useRef<readonly string[]>([]);
  if (documentIds) chosenBefore.current = documentIds;

  const isOff = isSwitchedOff(listing.error);
  const isEmpty = !listing.documents.length && !documentIds?.length;
  return (
    <Dialog
      title={t("picker.title")}
      onClose={onClose}
      actions={
        <Button variant="primary" onClick={onClose}>
          {t("picker.done")}
        </Button>
      }
    >
      <div className={styles.body}>
        <Switch
          label={t("picker.use")}
          hint={t("picker.useHint")}
          checked={uses}
          onChange={(useDocuments) => choose(conversationId, { useDocuments })}
        />
        {uses && !isOff && (
          <fieldset className={styles.which}>
            <legend className="visually-hidden">{t("picker.which")}</legend>
            <label className={styles.radio}>
              <input
                type="radio"
                name={group}
                checked={documentIds === undefined}
                onChange={() => choose(conversationId, { documentIds: undefined })}
              />
              {t("picker.useAll")}
            </label>
            <label className={styles.radio}>
              <input
                type="radio"
                name={group}
                checked={documentIds !== undefined}
                onChange={() => choose(conversationId, { documentIds: chosenBefore.current })}
              />
              {t("picker.useChosen")}
            </label>
          </fieldset>
        )}
        {uses && (isOff || (documentIds && isEmpty && (listing.isPending || listing.error))) && (
          <ListingState listing={listing} query="" />
        )}
        {uses && documentIds && !isOff && !isEmpty && (
          <PickerChoices
            listing={listing}
            chosen={documentIds}
            onChoose={(ids) => choose(conversationId, { documentIds: ids })}
          />
        )}
        {uses && documentIds && isEmpty && !listing.isPending && !listing.error && (
          <p className={styles.hint}>
            {t("picker.none")}{" "}
            <Link href={paths.library} onClick={onClose}>
              {t("picker.toLibrary")}
            </Link>
          </p>
        )}
      </div>
    </Dialog>
  );
}
