import { useTranslation } from "react-i18next";
import styles from "./Skeleton.module.css";

/** Grey lines where text will be. A screen reader hears "Loading" once. */
export function Skeleton({ lines = 3 }: { readonly lines?: number }) {
  const { t } = useTranslation();
  return (
    <div className={styles.root} role="status">
      <span className="visually-hidden">{t("loading")}</span>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines that are all the same.
        <span key={line} className={styles.line} aria-hidden="true" />
      ))}
    </div>
  );
}
