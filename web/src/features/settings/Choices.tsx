import { useId } from "react";
import { Icon, type IconName } from "~/ui/Icon";
import styles from "./SettingsPage.module.css";

interface ChoicesProps<T extends string> {
  readonly legend: string;
  readonly chosen: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly icon?: IconName }[];
  readonly onChoose: (value: T) => void;
}

/** One of a few: radio buttons that look like a row of buttons. */
export function Choices<T extends string>({ legend, chosen, options, onChoose }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset className={styles.choices}>
      <legend>{legend}</legend>
      {options.map(({ value, label, icon }) => (
        <label key={value} className={styles.choice}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === chosen}
            onChange={() => onChoose(value)}
          />
          {icon && <Icon name={icon} />}
          {label}
        </label>
      ))}
    </fieldset>
  );
}
