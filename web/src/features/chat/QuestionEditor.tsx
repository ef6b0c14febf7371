import { useId, useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { resend } from "./asking";
import { focusComposer } from "./commands";
import { endEdit, takeOpened, writeEdit } from "./editing";
import { LengthNotice } from "./LengthNotice";
import { useTurnsOf } from "./liveTurns";
import { MessageArea } from "./MessageArea";
import styles from "./QuestionEditor.module.css";
import { isAnswering, LONGEST_MESSAGE, lengthOf, sendable } from "./turn";

interface QuestionEditorProps {
  readonly conversationId: string;
  readonly questionId: string;
  /** As it stands; kept outside, so that scrolling away or reloading loses nothing. */
  readonly text: string;
}

/** A question being changed, in its place. */
export function QuestionEditor({ conversationId, questionId, text }: QuestionEditorProps) {
  const { t } = useTranslation("chat");
  const hint = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  // Once: scrolling it out of view and back draws it anew, and must not take the focus.
  useLayoutEffect(() => {
    if (!takeOpened(questionId) || !area.current) return;
    area.current.focus();
    area.current.setSelectionRange(area.current.value.length, area.current.value.length);
  }, [questionId]);
  const answering = useTurnsOf(conversationId).some(isAnswering);
  const message = sendable(text);
  const canSend = message.trim() !== "" && lengthOf(message) <= LONGEST_MESSAGE && !answering;
  const end = (): void => {
    endEdit(questionId);
    focusComposer();
  };
  const save = (): void => {
    if (canSend && resend(conversationId, questionId, message)) focusComposer();
  };
  return (
    <div className={styles.editor}>
      <MessageArea
        label={t("edit.label")}
        describedBy={hint}
        value={text}
        ref={area}
        onChange={(typed) => writeEdit(questionId, typed)}
        onSend={save}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          event.stopPropagation();
          end();
        }}
      />
      <LengthNotice text={message} />
      <p id={hint} className={styles.hint}>
        {answering ? t("composer.wait") : t("edit.hint")}
      </p>
      <div className={styles.buttons}>
        <Button onClick={end}>{t("edit.cancel")}</Button>
        <Button variant="primary" disabled={!canSend} onClick={save}>
          {t("edit.save")}
        </Button>
      </div>
    </div>
  );
}
