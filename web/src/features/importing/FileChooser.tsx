import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { focusIfLost } from "~/ui/focus";
import { Icon } from "~/ui/Icon";
import styles from "./ImportDialog.module.css";

interface FileChooserProps {
  readonly onFiles: (files: readonly File[]) => void;
  /** Files are being dragged over the page. */
  readonly isOver: boolean;
  /** Why the last file could not be read. */
  readonly problem: string | undefined;
}

export function FileChooser({ onFiles, isOver, problem }: FileChooserProps) {
  const { t } = useTranslation("importing");
  const input = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => focusIfLost(() => button.current), []);
  const take = (files: FileList | null): void => {
    if (files && files.length > 0) onFiles([...files]);
  };
  return (
    <>
      <div className={isOver ? `${styles.drop} ${styles.over}` : styles.drop}>
        <Icon name="upload" size={28} />
        <p>{t("drop")}</p>
        <Button ref={button} variant="primary" data-autofocus onClick={() => input.current?.click()}>
          {t("choose")}
        </Button>
        <input
          ref={input}
          type="file"
          hidden
          multiple
          accept=".zip,.json,application/zip,application/json"
          aria-label={t("choose")}
          onChange={(event) => {
            take(event.target.files);
            // The same file may be chosen again.
            event.target.value = "";
          }}
        />
      </div>
      <div role="alert">
        {problem && (
          <p className={styles.problem}>
            <Icon name="warning" /> {problem}
          </p>
        )}
      </div>
      <p className={styles.hint}>{t("howChatGpt")}</p>
      <p className={styles.hint}>{t("howOwn")}</p>
      <p className={styles.hint}>{t("stays")}</p>
    </>
  );
}
