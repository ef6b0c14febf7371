import { useMemo, useRef, useState } from "react";
import { withTicked } from "./library";
import type { DocumentView } from "./transport";

export interface Selection {
  readonly selected: ReadonlySet<string>;
  /** Those of the selected that (still) are there. */
  readonly documents: readonly DocumentView[];
  readonly isAll: boolean;
  /** With `range` from the one that was ticked before. */
  readonly tick: (id: string, ticked: boolean, range: boolean) => void;
  readonly tickAll: (ticked: boolean) => void;
}

/** Which documents are ticked: to delete several at once. What is not shown is not ticked. */
export function useSelection(shown: readonly DocumentView[], all: readonly DocumentView[]): Selection {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string>(undefined);
  const now = useRef(shown);
  now.current = shown;

  const documents = useMemo(
    () => (ticked.size ? all.filter((view) => ticked.has(view.document_id)) : []),
    [all, ticked],
  );
  const actions = useRef({
    tick: (id: string, on: boolean, range: boolean): void => {
      const from = range ? last.current : undefined;
      last.current = id;
      setTicked((before) => withTicked(before, now.current, id, on, from));
    },
    tickAll: (on: boolean): void => setTicked(new Set(on ? now.current.map((view) => view.document_id) : [])),
  });
  const isAll = shown.length > 0 && shown.every((view) => ticked.has(view.document_id));
  return { selected: ticked, documents, isAll, ...actions.current };
}
