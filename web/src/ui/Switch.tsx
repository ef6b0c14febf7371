import { type ReactNode, useId } from "react";
import styles from "./Switch.module.css";

interface SwitchProps {
  readonly label: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly hint?: ReactNode;
  readonly disabled?: boolean;
}

/** Something that is on or off, at once. The whole line can be pressed. */
export function Switch({ label, checked, onChange, hint, disabled = false }: SwitchProps) {
  const hintId = useId();
  return (
    <div className={styles.root}>
      <label className={styles.line}>
        <span>{label}</span>
        <input
          type="checkbox"
          role="switch"
          className={styles.switch}
          checked={checked}
          aria-checked={checked}
          disabled={disabled}
          aria-describedby={hint ? hintId : undefined}
          onChange={(event) => onChange(event.target.checked)}
        />
      </label>
      {hint && (
        <p id={hintId} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
