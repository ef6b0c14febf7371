import type { ReactNode } from "react";
import styles from "./EmptyState.module.css";
import { Icon, type IconName } from "./Icon";

interface EmptyStateProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ReactNode;
  /** What can be done about it. */
  readonly actions?: ReactNode;
  /** Of the title; 2 where the page has its own heading. */
  readonly level?: 1 | 2 | 3;
  readonly tone?: "plain" | "danger";
}

/** Where something would be: nothing there yet, nothing found, or nothing that could be fetched. */
export function EmptyState({ icon, title, children, actions, level = 2, tone = "plain" }: EmptyStateProps) {
  const Heading = `h${level}` as const;
  return (
    <div className={tone === "danger" ? `${styles.root} ${styles.danger}` : styles.root}>
      <span className={styles.icon}>
        <Icon name={icon} size={28} />
      </span>
      <Heading className={styles.title}>{title}</Heading>
      {children && <div className={styles.text}>{children}</div>}
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
