import { createContext } from "react";
import type { Citation } from "~/state/panel";

export interface MarkdownContent {
  readonly citations: ReadonlyMap<number, Citation>;
  readonly onCitation: (number: number) => void;
  /** More of this block may come. */
  readonly isOpen: boolean;
}

export const MarkdownContext = createContext<MarkdownContent>({
  citations: new Map(),
  onCitation: () => undefined,
  isOpen: false,
});
