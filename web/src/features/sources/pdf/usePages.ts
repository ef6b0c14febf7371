import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Box } from "./boxes";
import { type Anchor, anchorAt, type Layout, layoutOf, offsetOf, pageAt, pagesBetween } from "./pageLayout";
import type { Book } from "./pdfjs";

/** Space around pages, in pixels. */
export const GAP = 12;
/** Pages this far out of view, in heights of the view, are drawn ahead. */
const AHEAD = 0.75;
/** Where in the view, from the top, a passage is put. */
const PASSAGE_AT = 0.2;

/** Where to go. Another object is gone to, the same one is not gone to again. */
export interface Target {
  readonly page: number;
  /** What to bring into view; without it the page's top. */
  readonly box?: Box | undefined;
}

export interface Pages {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly layout: Layout;
  /** Of a page, in pixels. */
  readonly width: number;
  /** The page that is looked at, and those that are in view or near, from the first to the last. */
  readonly current: number;
  readonly visible: readonly number[];
  readonly goToPage: (page: number) => void;
  readonly onScroll: () => void;
  /** Tells the height of a page by its width, which is known when it is loaded. */
  readonly onRatio: (page: number, ratio: number) => void;
}

/** Lays the pages out below each other, and keeps the place that is looked at when their sizes change. */
export function usePages(book: Book, zoom: number, target: Target): Pages {
  const scroller = useRef<HTMLElement>(null);
  const anchor = useRef<Anchor>({ page: target.page, share: 0 });
  /** The share of the width that is left of the middle of the view. */
  const middle = useRef(0.5);
  const size = useSize(scroller);
  const [offset, setOffset] = useState(0);
  const [ratios, setRatios] = useState<ReadonlyMap<number, number>>(new Map());
  const width = Math.max(1, Math.round((size.width - 2 * GAP) * zoom));
  const layout = useMemo(() => {
    const first = book.first.getViewport({ scale: 1 });
    return layoutOf(book.pages, width, GAP, (page) => ratios.get(page) ?? first.height / first.width);
  }, [book, width, ratios]);

  const scrollTo = useCallback(
    (top: number) => {
      anchor.current = anchorAt(layout, top);
      if (scroller.current) scroller.current.scrollTop = top;
      setOffset(top);
    },
    [layout],
  );

  useLayoutEffect(() => {
    scrollTo(offsetOf(layout, anchor.current));
    const element = scroller.current;
    if (element) element.scrollLeft = middle.current * (width + 2 * GAP) - element.clientWidth / 2;
  }, [layout, width, scrollTo]);

  const reached = useRef<Target>(undefined);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element || size.width === 0 || reached.current === target) return;
    reached.current = target;
    const at = offsetOf(layout, { page: target.page, share: target.box?.top ?? 0 });
    scrollTo(Math.max(0, at - (target.box ? PASSAGE_AT * size.height : GAP)));
    if (target.box) element.scrollLeft = target.box.left * width - PASSAGE_AT * size.width;
  }, [target, layout, size, width, scrollTo]);

  const onScroll = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    anchor.current = anchorAt(layout, element.scrollTop);
    middle.current = (element.scrollLeft + element.clientWidth / 2) / element.scrollWidth;
    setOffset(element.scrollTop);
  }, [layout]);

  const onRatio = useCallback(
    (page: number, ratio: number) =>
      setRatios((known) => (known.get(page) === ratio ? known : new Map(known).set(page, ratio))),
    [],
  );

  const [from, to] = pagesBetween(layout, offset - AHEAD * size.height, offset + (1 + AHEAD) * size.height);
  return {
    scroller,
    layout,
    width,
    current: pageAt(layout, offset + size.height / 3),
    visible: size.width === 0 ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index),
    goToPage: (page) => scrollTo(offsetOf(layout, { page, share: 0 }) - GAP),
    onScroll,
    onRatio,
  };
}

function useSize(ref: RefObject<HTMLElement | null>): { readonly width: number; readonly height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
