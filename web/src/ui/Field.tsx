import { type ReactNode, useId } from "react";
import styles from "./Field.module.css";
import { Icon } from "./Icon";

interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  /** What is wrong with it, and what to do. */
  readonly error?: ReactNode;
  /** Renders the control with these attributes, and with `fieldStyles.control` as its class. */
  readonly children: (attributes: {
    readonly id: string;
    readonly "aria-describedby": string | undefined;
    readonly "aria-invalid": true | undefined;
  }) => ReactNode;
}

/** A control with its label, a hint and what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.root}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        "aria-describedby": described || undefined,
        "aria-invalid": error ? true : undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      <div role="alert">
        {error && (
          <p id={`${id}-error`} className={styles.error}>
            <Icon name="warning" size={16} />
            <span>{error}</span>
          </p>
        )}
      </div>
    </div>
  );
}

export const fieldStyles = { control: styles.control ?? "" } as const;
