import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";

/** Pixels; fractions of a pixel and a last line do not count as "scrolled up". */
const NEAR = 48;
const AT = 4;

/**
 * Keeps a list at its end while it grows, until somebody scrolls up; at the end again, it stays there.
 *
 * Not by the list's own way of scrolling to a row: that follows the row as long as anything grows, and would not let anybody go.
 */
export function useStickToEnd(
  list: RefObject<VirtualizerHandle | null>,
  scroller: RefObject<HTMLElement | null>,
) {
  const [isAtEnd, setAtEnd] = useState(true);
  const sticks = useRef(true);
  const offset = useRef(0);

  const follow = useCallback(() => {
    const element = scroller.current;
    if (element && sticks.current) element.scrollTop = element.scrollHeight;
  }, [scroller]);

  const letGo = useCallback(() => {
    sticks.current = false;
  }, []);
  useUpwards(scroller, letGo);

  const goToEnd = useCallback(() => {
    sticks.current = true;
    setAtEnd(true);
    follow();
  }, [follow]);

  /** After a movement; returns whether the list stays at its end. */
  const onScroll = useCallback(() => {
    const { scrollOffset = 0, scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    const left = scrollSize - scrollOffset - viewportSize;
    if (left <= AT || (left <= NEAR && scrollOffset > offset.current)) sticks.current = true;
    offset.current = scrollOffset;
    setAtEnd(sticks.current);
    return sticks.current;
  }, [list]);

  /** After rows or their sizes have changed. */
  const onChange = useCallback(() => {
    // Whoever changes a question further up wants to see that.
    const isEditing =
      scroller.current?.contains(document.activeElement) &&
      document.activeElement instanceof HTMLTextAreaElement;
    if (sticks.current && !isEditing) follow();
    else onScroll();
  }, [follow, onScroll, scroller]);

  /** Brings a row into view, away from the end. */
  const goTo = useCallback(
    (index: number) => {
      sticks.current = false;
      list.current?.scrollToIndex(index, { align: "nearest" });
    },
    [list],
  );

  return { isAtEnd, goToEnd, goTo, onScroll, onChange };
}

const UP_KEYS: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home"]);

/** Calls back when somebody is about to scroll up. The list itself moves, too, as rows turn out larger than it had guessed. */
function useUpwards(scroller: RefObject<HTMLElement | null>, onUp: () => void): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const listening = new AbortController();
    const options = { passive: true, signal: listening.signal };
    let touchedAt = 0;
    element.addEventListener("wheel", (event) => event.deltaY < 0 && onUp(), options);
    element.addEventListener("touchstart", (event) => (touchedAt = yOf(event)), options);
    element.addEventListener("touchmove", (event) => yOf(event) > touchedAt && onUp(), options);
    element.addEventListener("keydown", (event) => isUp(event) && onUp(), options);
    // The bar itself: nothing else of the element is not covered by its rows.
    element.addEventListener("pointerdown", (event) => event.target === element && onUp(), options);
    return () => listening.abort();
  }, [scroller, onUp]);
}

const yOf = (event: TouchEvent): number => event.touches[0]?.clientY ?? 0;

const isUp = (event: KeyboardEvent): boolean =>
  !(event.target instanceof HTMLTextAreaElement) &&
  (UP_KEYS.has(event.key) || (event.key === " " && event.shiftKey));
