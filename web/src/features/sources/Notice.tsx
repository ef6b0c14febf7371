import type { ReactNode } from "react";
import styles from "./SourcePanel.module.css";

/** Says why something is not shown, and what can be done; a screen reader says it when it appears. */
export function Notice({
  tone = "plain",
  children,
}: {
  readonly tone?: "plain" | "danger";
  readonly children: ReactNode;
}) {
  const className = tone === "danger" ? `${styles.notice} ${styles.danger}` : styles.notice;
  return (
    <div className={className} role="status">
      {children}
    </div>
  );
}
