import type { ButtonHTMLAttributes, Ref } from "react";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon";

interface Common extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "type"> {
  readonly type?: "button" | "submit";
  readonly ref?: Ref<HTMLButtonElement>;
}

interface ButtonProps extends Common {
  readonly variant?: "primary" | "secondary" | "danger" | "quiet";
  readonly icon?: IconName;
}

export function Button({
  variant = "secondary",
  icon,
  className,
  children,
  type = "button",
  ...rest
}: ButtonProps) {
  return (
    <button type={type} className={join(styles.button, styles[variant], className)} {...rest}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface IconButtonProps extends Common {
  readonly icon: IconName;
  /** Its accessible name, shown when it is pointed at. */
  readonly label: string;
  readonly size?: number;
}

export function IconButton({ icon, label, size, className, type = "button", ...rest }: IconButtonProps) {
  return (
    <button type={type} aria-label={label} title={label} className={join(styles.icon, className)} {...rest}>
      <Icon name={icon} {...(size ? { size } : {})} />
    </button>
  );
}

function join(...names: (string | undefined)[]): string {
  return names.filter(Boolean).join(" ");
}
