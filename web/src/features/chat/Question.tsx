import { useTranslation } from "react-i18next";
import { IconButton } from "~/ui/Button";
import { CopyButton } from "~/ui/CopyButton";
import { openEdit, useEditing } from "./editing";
import styles from "./Question.module.css";
import { QuestionEditor } from "./QuestionEditor";
import type { QuestionRow } from "./rows";

interface QuestionProps {
  readonly row: QuestionRow;
  readonly conversationId: string;
}

/** What the user asked: as it was typed, never as Markdown. */
export function Question({ row, conversationId }: QuestionProps) {
  const { t } = useTranslation("chat");
  const id = row.message?.message_id;
  const edited = useEditing((state) => (id === undefined ? undefined : state.texts[id]));
  return (
    <article className={styles.question} data-message={id}>
      <h2 className="visually-hidden">{t("you")}</h2>
      {id !== undefined && edited !== undefined ? (
        <QuestionEditor conversationId={conversationId} questionId={id} text={edited} />
      ) : (
        <>
          <div className={styles.bubble} dir="auto">
            {row.text}
          </div>
          <div className={styles.actions}>
            <CopyButton text={row.text} label={t("answer.copyQuestion")} />
            {id !== undefined && row.editable && (
              <IconButton
                icon="edit"
                label={t("edit.start")}
                onClick={() => openEdit(id, row.text, conversationId)}
              />
            )}
          </div>
        </>
      )}
    </article>
  );
}
