import { type RefObject, useEffect, useRef } from "react";
import type { PanelContent } from "~/state/panel";

interface PanelFocus {
  readonly panel: RefObject<HTMLElement | null>;
  readonly heading: RefObject<HTMLElement | null>;
  readonly content: PanelContent | undefined;
  /** It lies over the page: the keyboard stays within it. */
  readonly isSheet: boolean;
}

/** Moves the focus to the heading when something is opened from outside, and gives it back when the panel closes. */
export function usePanelFocus({ panel, heading, content, isSheet }: PanelFocus): void {
  const opener = useRef<Element>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: everything that is opened asks for the focus anew.
  useEffect(() => {
    const active = document.activeElement ?? undefined;
    if (panel.current?.contains(active ?? null)) return;
    opener.current = active;
    heading.current?.focus({ preventScroll: true });
  }, [content, panel, heading]);

  useEffect(() => {
    const element = panel.current;
    return () => {
      const active = document.activeElement;
      // Somewhere else already: the user went there.
      const isOurs = active === document.body || active === null || element?.contains(active);
      if (isOurs && opener.current instanceof HTMLElement) opener.current.focus({ preventScroll: true });
    };
  }, [panel]);

  useEffect(() => {
    const element = panel.current;
    if (!isSheet || !element) return;
    const onTab = (event: KeyboardEvent): void => {
      if (event.key === "Tab") keepWithin(element, event);
    };
    element.addEventListener("keydown", onTab);
    return () => element.removeEventListener("keydown", onTab);
  }, [isSheet, panel]);
}

const FOCUSABLE = "button, input, summary, [href], [tabindex='0']";

function keepWithin(element: HTMLElement, event: KeyboardEvent): void {
  const stops = [...element.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (each) => each.checkVisibility?.() ?? true,
  );
  const [first, last] = [stops[0], stops.at(-1)];
  const active = document.activeElement;
  const leaves = event.shiftKey ? active === first || active?.tagName === "H2" : active === last;
  const to = event.shiftKey ? last : first;
  if (!leaves || !to) return;
  event.preventDefault();
  to.focus();
}
