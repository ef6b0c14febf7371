import type { ReactNode } from "react";
import styles from "./Badge.module.css";

/** A state in a word or two. The colour only repeats what the word says. */
export function Badge({
  tone = "plain",
  children,
}: {
  readonly tone?: "plain" | "accent" | "success" | "warning" | "danger";
  readonly children: ReactNode;
}) {
  return <span className={`${styles.badge} ${styles[tone]}`}>{children}</span>;
}
