import type { Citation } from "~/state/panel";

export interface MarkdownProps {
  readonly text: string;
  /** Text is still being added at the end. */
  readonly streaming?: boolean;
  /** What the markers [n] of the text stand for. */
  readonly citations?: readonly Citation[];
  readonly onCitation?: (number: number) => void;
}

/** Text of a model as React elements; never HTML, never anything fetched. */
export function Markdown({ text }: MarkdownProps) {
  return <p>{text}</p>;
}
