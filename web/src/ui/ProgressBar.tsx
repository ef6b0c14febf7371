import styles from "./ProgressBar.module.css";

interface ProgressBarProps {
  /** What is going on: its accessible name. */
  readonly label: string;
  /** 0 to 1; `undefined`: nobody knows how far. */
  readonly value: number | undefined;
}

export function ProgressBar({ label, value }: ProgressBarProps) {
  return (
    <progress
      className={styles.bar}
      aria-label={label}
      max={1}
      {...(value === undefined ? {} : { value: Math.min(1, Math.max(0, value)) })}
    />
  );
}
