import { type FocusEvent, type RefObject, useLayoutEffect, useRef } from "react";
import { focusIfLost } from "./focus";

/**
 * What has the focus in here may go away by itself: the focus then goes to what is left in here (`next`), or back to where it came from.
 * Whoever went elsewhere meanwhile stays there. `changing`: another value whenever something may have gone.
 */
export function useFocusReturn(
  container: RefObject<HTMLElement | null>,
  next: (container: HTMLElement) => HTMLElement | null | undefined,
  changing: unknown,
) {
  const focused = useRef<Element>(null);
  const cameFrom = useRef<Element>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what goes, goes with a change.
  useLayoutEffect(() => {
    const isGone = focused.current && !focused.current.isConnected;
    if (!isGone) return;
    focused.current = null;
    const origin = cameFrom.current;
    cameFrom.current = null;
    if (document.activeElement && document.activeElement !== document.body) return;
    const heir = container.current && next(container.current);
    if (heir) {
      heir.focus();
      cameFrom.current = origin;
      return;
    }
    if (origin instanceof HTMLElement && origin.isConnected) origin.focus();
    focusIfLost(() => null);
  }, [changing]);
  return {
    onFocus: ({ currentTarget, relatedTarget, target }: FocusEvent): void => {
      focused.current = target;
      if (!currentTarget.contains(relatedTarget)) cameFrom.current = relatedTarget;
    },
    onBlur: ({ relatedTarget, target }: FocusEvent): void => {
      // The window lost the focus, not what has it within.
      if (!relatedTarget && document.activeElement === target) return;
      focused.current = null;
      if (!container.current?.contains(relatedTarget)) cameFrom.current = null;
    },
  };
}
