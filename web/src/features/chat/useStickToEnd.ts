import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";

/** Pixels; fractions of a pixel and a last line do not count as "scrolled up". */
const NEAR = 48;
/** What a person scrolls with. The list itself moves, too: when rows turn out to be larger than it had guessed. */
const WISHES = ["wheel", "touchmove", "keydown", "pointerdown"] as const;
/** How long after such an event a movement is taken to come from it, in milliseconds: a flick goes on by itself. */
const MOMENTUM_MS = 1_000;

/** Keeps a list at its end while it grows, until somebody scrolls up; at the end again, it stays there. */
export function useStickToEnd(
  list: RefObject<VirtualizerHandle | null>,
  scroller: RefObject<HTMLElement | null>,
  count: number,
) {
  const [isAtEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);
  const wished = useRef(Number.NEGATIVE_INFINITY);
  const offset = useRef(0);
  const last = useRef(0);
  const frame = useRef(0);
  last.current = count - 1;

  useEffect(() => {
    const element = scroller.current;
    const wish = (): void => {
      wished.current = performance.now();
    };
    for (const event of WISHES) element?.addEventListener(event, wish, { passive: true });
    return () => {
      for (const event of WISHES) element?.removeEventListener(event, wish);
    };
  }, [scroller]);

  const goToEnd = useCallback(() => {
    sticks.current = true;
    list.current?.scrollToIndex(last.current, { align: "end" });
  }, [list]);

  /** After a movement; returns whether the list stays at its end. */
  const settle = useCallback(() => {
    const { scrollOffset = 0, scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    const isNear = scrollSize - scrollOffset - viewportSize <= NEAR;
    const isWished = performance.now() - wished.current < MOMENTUM_MS;
    if (isNear) sticks.current = true;
    else if (isWished && scrollOffset < offset.current) sticks.current = false;
    offset.current = scrollOffset;
    setAtEnd(sticks.current);
    return sticks.current;
  }, [list]);

  const onResize = useCallback(() => {
    if (!sticks.current) {
      settle();
      return;
    }
    goToEnd();
    // The browser cuts off what lies beyond the height that it has drawn last; from the next frame on it is the new one.
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => sticks.current && goToEnd());
  }, [goToEnd, settle]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  /** After rows have come or gone. */
  const onRows = useCallback(() => {
    if (sticks.current) goToEnd();
  }, [goToEnd]);

  return { isAtEnd, goToEnd, onScroll: settle, onResize, onRows };
}
