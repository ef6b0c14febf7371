import { Fragment } from "react";
import styles from "./ConversationRow.module.css";
import { spansOf } from "./fold";

/** A title with the words that were searched for marked. */
export function Highlighted({ text, words }: { readonly text: string; readonly words: readonly string[] }) {
  if (words.length === 0) return text;
  const spans = spansOf(text, words);
  const rest = spans.at(-1)?.[1] ?? 0;
  return (
    <>
      {spans.map(([start, end], index) => (
        <Fragment key={start}>
          {text.slice(spans[index - 1]?.[1] ?? 0, start)}
          <mark className={styles.mark}>{text.slice(start, end)}</mark>
        </Fragment>
      ))}
      {text.slice(rest)}
    </>
  );
}
