import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import styles from "./UploadHold.module.css";
import { resumeUploads, useUploads } from "./uploads";
import { useHoldText } from "./useHoldText";

/** Why nothing is being sent just now, and what becomes of it. */
export function UploadHold() {
  const { t } = useTranslation("documents");
  const hasHold = useUploads((state) => state.hold !== undefined);
  const text = useHoldText();
  if (!hasHold) return null;
  return (
    <div className={styles.hold}>
      <Icon name="warning" />
      <p>{text}</p>
      <Button variant="quiet" onClick={resumeUploads}>
        {t("uploads.hold.now")}
      </Button>
    </div>
  );
}
