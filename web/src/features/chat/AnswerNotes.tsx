import { useTranslation } from "react-i18next";
import { useModelName } from "~/features/models/useModelName";
import { Button } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import styles from "./AnswerNotes.module.css";
import type { AnswerFacts } from "./answerFacts";
import { send } from "./asking";

interface AnswerNotesProps {
  readonly facts: AnswerFacts;
  readonly conversationId: string;
  readonly isLast: boolean;
}

/** How an answer ended where that was not the ordinary way, and what came of the documents. */
export function AnswerNotes({ facts, conversationId, isLast }: AnswerNotesProps) {
  const { t } = useTranslation("chat");
  const nameOf = useModelName();
  const { stopReason, retrieval, fallback } = facts;
  const isOrdinary = !stopReason || stopReason === "end_turn" || stopReason === "stop_sequence";
  return (
    <>
      {fallback && <Note text={t("note.fallback", { model: nameOf(fallback) })} />}
      {!isOrdinary && <Note text={t(`note.${stopReason}`)} />}
      {stopReason === "max_tokens" && isLast && (
        <Button className={styles.goOn} onClick={() => send(conversationId, t("answer.continueMessage"))}>
          {t("answer.continue")}
        </Button>
      )}
      {retrieval === "unavailable" && <Note text={t("note.documentsUnavailable")} />}
      {retrieval === "no_match" && <p className={styles.quiet}>{t("note.noMatch")}</p>}
    </>
  );
}

function Note({ text }: { readonly text: string }) {
  return (
    <p className={styles.note}>
      <Icon name="info" size={16} />
      {text}
    </p>
  );
}
