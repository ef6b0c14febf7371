import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Markdown } from "~/markdown/Markdown";
import { usePanel } from "~/state/panel";
import styles from "./Answer.module.css";
import { AnswerFooter } from "./AnswerFooter";
import { AnswerNotes } from "./AnswerNotes";
import { type AnswerFacts, factsOf } from "./answerFacts";
import { useLiveTurns } from "./liveTurns";
import type { AnswerRow } from "./rows";
import { Sources } from "./Sources";
import { StatusLine } from "./StatusLine";
import { isAnswering } from "./turn";

interface AnswerProps {
  readonly row: AnswerRow;
  readonly conversationId: string;
}

/** An answer: being written, just written, or saved. The same elements in each case, so that nothing jumps in between. */
export function Answer({ row, conversationId }: AnswerProps) {
  const { t } = useTranslation("chat");
  const { message, turn } = row;
  const written = useLiveTurns((state) => (turn ? state.texts[turn.key] : undefined));
  const text = message?.text ?? written ?? "";
  const facts = factsOf(row);
  const { citations } = facts;
  const openCitation = useCallback(
    (number: number) => usePanel.getState().openCitation(citations, number),
    [citations],
  );
  const writing = turn !== undefined && !message && isAnswering(turn);
  if (!message && turn?.phase === "failed" && !text) return null;
  return (
    <article className={styles.answer} aria-busy={writing} data-message={message?.message_id}>
      <h2 className="visually-hidden">{t("chatbot")}</h2>
      {text && (
        <div className={styles.text} dir="auto">
          <Markdown text={text} streaming={writing} citations={citations} onCitation={openCitation} />
        </div>
      )}
      {turn && writing && <StatusLine turn={turn} hasText={text !== ""} />}
      {facts.isComplete && <Complete facts={facts} text={text} row={row} conversationId={conversationId} />}
    </article>
  );
}

interface CompleteProps extends AnswerProps {
  readonly facts: AnswerFacts;
  readonly text: string;
}

function Complete({ facts, text, row, conversationId }: CompleteProps) {
  return (
    <>
      <AnswerNotes facts={facts} conversationId={conversationId} isLast={row.regenerates !== undefined} />
      <Sources citations={facts.citations} text={text} />
      <AnswerFooter facts={facts} text={text} row={row} conversationId={conversationId} />
    </>
  );
}
