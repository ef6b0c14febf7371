import { memo } from "react";
import { shallow } from "zustand/shallow";
import { Answer } from "./Answer";
import { Failure } from "./Failure";
import { Question } from "./Question";
import styles from "./RowView.module.css";
import type { Row } from "./rows";

interface RowViewProps {
  readonly row: Row;
  readonly conversationId: string;
}

/** One message, or what became of it. Drawn again only when it has changed: rows are made anew, what is in them is not. */
export const RowView = memo(
  function RowView({ row, conversationId }: RowViewProps) {
    return (
      <div className={styles.row}>
        <Content row={row} conversationId={conversationId} />
      </div>
    );
  },
  (before, now) => before.conversationId === now.conversationId && shallow(before.row, now.row),
);

function Content({ row, conversationId }: RowViewProps) {
  switch (row.kind) {
    case "question":
      return <Question row={row} conversationId={conversationId} />;
    case "answer":
      return <Answer row={row} conversationId={conversationId} />;
    case "failure":
      return <Failure turn={row.turn} />;
  }
}
