import { useEffect, useState } from "react";
import { widened } from "../matching/align";
import { locate } from "../matching/locate";
import { mainRange } from "../matching/main";
import { type Box, boxesOf, type Measure } from "./boxes";
import type { Book } from "./pdfjs";

export interface Passage {
  readonly text: string;
  readonly page: number | undefined;
}

export type Located =
  | { readonly phase: "searching" }
  | { readonly phase: "missing" }
  | {
      readonly phase: "found";
      readonly boxes: ReadonlyMap<number, readonly Box[]>;
      readonly page: number;
      readonly first: Box;
    };

/** Finds a passage in a PDF. What was found of another passage is never given for it. */
export function useLocated(book: Book, passage: Passage | undefined): Located {
  const [state, setState] = useState<{ passage: Passage | undefined; book: Book; located: Located }>();
  useEffect(() => {
    if (!passage) return;
    let wanted = true;
    const tell = (located: Located): void => {
      if (wanted) setState({ passage, book, located });
    };
    find(book, passage).then(tell, () => tell({ phase: "missing" }));
    return () => {
      wanted = false;
    };
  }, [book, passage]);
  const isFor = state?.passage === passage && state?.book === book;
  return isFor && state ? state.located : { phase: "searching" };
}

async function find(book: Book, passage: Passage): Promise<Located> {
  const piecesOf = async (page: number): Promise<string[]> =>
    (await book.items(page)).map((item) => item.str);
  const { matches, page } = await locate(passage.text, passage.page, book.pages, piecesOf);
  const measure = canvasMeasure();
  const boxes = new Map<number, readonly Box[]>();
  let first: Box | undefined;
  for (const match of matches) {
    const [items, { styles }, proxy] = await Promise.all([
      book.items(match.page),
      book.text(match.page),
      book.page(match.page),
    ]);
    const view = proxy.getViewport({ scale: 1 });
    const ranges = match.ranges.map((range) => widened(range, items[range.piece]?.str ?? ""));
    boxes.set(match.page, boxesOf(ranges, items, styles, view, measure));
    if (match.page !== page) continue;
    const main = mainRange(ranges);
    first = boxesOf(main ? [main] : [], items, styles, view, measure)[0] ?? boxes.get(page)?.[0];
  }
  if (page === undefined || !first) return { phase: "missing" };
  return { phase: "found", boxes, page, first };
}

function canvasMeasure(): Measure {
  const context = document.createElement("canvas").getContext("2d");
  return (text, fontFamily) => {
    if (!context) return text.length;
    context.font = `100px ${fontFamily}`;
    return context.measureText(text).width;
  };
}
