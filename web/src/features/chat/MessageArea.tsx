import { type KeyboardEvent, type Ref, useImperativeHandle, useLayoutEffect, useRef } from "react";
import { usePreferences } from "~/state/preferences";
import styles from "./MessageArea.module.css";

interface MessageAreaProps {
  /** Accessible name. */
  readonly label: string;
  readonly describedBy?: string | undefined;
  readonly placeholder?: string;
  readonly value: string;
  readonly invalid?: boolean;
  readonly ref?: Ref<HTMLTextAreaElement>;
  readonly onChange: (text: string) => void;
  readonly onSend: () => void;
  /** Before the keys that send; may prevent the default. */
  readonly onKeyDown?: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
}

/** A text box that grows with its text. The key that sends is the user's choice; an input method's Enter sends nothing. */
export function MessageArea({
  label,
  describedBy,
  placeholder,
  value,
  invalid = false,
  ref,
  onChange,
  onSend,
  onKeyDown,
}: MessageAreaProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const enterSends = usePreferences((state) => state.enterSends);
  useImperativeHandle(ref, () => area.current as HTMLTextAreaElement, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows from the text.
  useLayoutEffect(() => {
    const element = area.current;
    // Browsers that size fields by their content need no help.
    if (!element || CSS.supports?.("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [value]);

  return (
    <textarea
      ref={area}
      className={styles.area}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      placeholder={placeholder}
      dir="auto"
      rows={1}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={(event) => {
        onKeyDown?.(event);
        if (event.defaultPrevented || !sends(event, enterSends)) return;
        event.preventDefault();
        onSend();
      }}
    />
  );
}

/** Safari tells of the Enter that ends a composition after it has ended, as key 229. */
const isComposing = ({ nativeEvent }: KeyboardEvent): boolean =>
  nativeEvent.isComposing || nativeEvent.keyCode === 229;

function sends(event: KeyboardEvent, enterSends: boolean): boolean {
  if (event.key !== "Enter" || event.altKey || isComposing(event)) return false;
  const withMod = event.ctrlKey || event.metaKey;
  // With both held it is the shortcut that answers again.
  return !event.shiftKey && (withMod || enterSends);
}
