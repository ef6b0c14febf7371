/** Which documents are offered and which can be chosen for a conversation. Pure. */
import { MOST_CHOSEN } from "./attach";
import { foundBy } from "./library";
import type { DocumentView } from "./transport";

export interface Offer {
  readonly id: string;
  /** `undefined`: it was chosen once, and is not there any more. */
  readonly view: DocumentView | undefined;
  readonly isChosen: boolean;
  readonly canToggle: boolean;
}

/**
 * What was chosen and is gone, then the documents that the query finds. Only ready ones can be chosen, and not more than the API takes;
 * what is chosen can always be given up. Whether something is gone is known only once the listing is complete.
 */
export function offersOf(
  documents: readonly DocumentView[],
  chosen: readonly string[],
  query: string,
  isComplete: boolean,
): Offer[] {
  const isChosen = new Set(chosen);
  const isFull = chosen.length >= MOST_CHOSEN;
  const known = new Set(documents.map((view) => view.document_id));
  const gone = isComplete ? chosen.filter((id) => !known.has(id)) : [];
  return [
    ...gone.map((id) => ({ id, view: undefined, isChosen: true, canToggle: true })),
    ...foundBy(documents, query).map((view) => {
      const id = view.document_id;
      const here = isChosen.has(id);
      return { id, view, isChosen: here, canToggle: here || (view.status === "ready" && !isFull) };
    }),
  ];
}

export const toggled = (chosen: readonly string[], id: string): readonly string[] =>
  chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id];

/** The chosen ones with all of the offered that can be, as long as there is room. */
export function withOffered(chosen: readonly string[], offers: readonly Offer[]): readonly string[] {
  const ready = offers.filter(({ view, isChosen }) => !isChosen && view?.status === "ready");
  return [...chosen, ...ready.map(({ id }) => id)].slice(0, Math.max(MOST_CHOSEN, chosen.length));
}
