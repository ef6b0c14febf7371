import { useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "~/ui/Button";
import styles from "./RenameForm.module.css";
import { LONGEST_TITLE, titleLength, titleProblem } from "./titles";

interface RenameFormProps {
  readonly title: string;
  /** Called once, with the new title, or without where the old one stays; and whether the focus has to go somewhere now. */
  readonly onDone: (title: string | undefined, hadFocus: boolean) => void;
}

/** A title being changed in its place. Enter saves, Escape leaves the old one; what cannot be saved stays, with the reason. */
export function RenameForm({ title, onDone }: RenameFormProps) {
  const { t } = useTranslation("conversations");
  const { t: common } = useTranslation();
  const [text, setText] = useState(title);
  const [tried, setTried] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const errorId = useId();
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);

  const problem = titleProblem(text);
  const shown = problem === "tooLong" || tried ? problem : undefined;
  const finish = (chosen: string | undefined, hadFocus = true): void => {
    // Taking the form away takes the focus from it, which would finish it again.
    if (done.current) return;
    done.current = true;
    onDone(chosen, hadFocus);
  };
  const save = (hadFocus: boolean): void => {
    setTried(true);
    if (!problem) finish(text.trim() === title ? undefined : text.trim(), hadFocus);
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        save(true);
      }}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && save(false)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // Escape would also close the drawer, or stop an answer.
        event.preventDefault();
        event.stopPropagation();
        finish(undefined);
      }}
    >
      <div className={styles.line}>
        <input
          ref={input}
          className={styles.input}
          dir="auto"
          value={text}
          aria-label={t("newTitle")}
          aria-invalid={shown ? true : undefined}
          aria-describedby={shown ? errorId : undefined}
          autoComplete="off"
          enterKeyHint="done"
          onChange={(event) => setText(event.target.value)}
        />
        <IconButton type="submit" icon="check" label={common("save")} />
        <IconButton icon="close" label={common("cancel")} onClick={() => finish(undefined)} />
      </div>
      <p id={errorId} role="alert" className={styles.error}>
        {shown === "empty" && t("titleEmpty")}
        {shown === "tooLong" && t("titleTooLong", { count: titleLength(text), limit: LONGEST_TITLE })}
      </p>
    </form>
  );
}
