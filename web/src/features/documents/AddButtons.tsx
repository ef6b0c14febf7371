import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { NARROW, useMediaQuery } from "~/ui/useMediaQuery";
import styles from "./AddButtons.module.css";
import { FileInput, type FileInputHandle } from "./FileInput";
import { useTakeFiles } from "./useTakeFiles";

/** Adds files or a folder, for who does not drag. */
export function AddButtons() {
  const { t } = useTranslation("documents");
  const take = useTakeFiles();
  const narrow = useMediaQuery(NARROW);
  const files = useRef<FileInputHandle>(null);
  const folder = useRef<FileInputHandle>(null);
  return (
    <div className={styles.buttons}>
      <Button icon="folder" aria-label={t("addFolder")} onClick={() => folder.current?.open()}>
        {t(narrow ? "folder" : "addFolder")}
      </Button>
      <Button
        variant="primary"
        icon="upload"
        aria-label={t("addFiles")}
        onClick={() => files.current?.open()}
      >
        {t(narrow ? "files" : "addFiles")}
      </Button>
      <FileInput ref={files} onFound={take} />
      <FileInput ref={folder} folder onFound={take} />
    </div>
  );
}
