/**
 * Gives the focus to an element if nothing has it any more, once what is shown has changed: what had it is gone, or lies within `gone`.
 * Where there is no such element, the page gets it.
 */
export function focusIfLost(target: () => Element | null | undefined, gone?: Element | null): void {
  requestAnimationFrame(() => {
    const focused = document.activeElement;
    if (focused && focused !== document.body && !gone?.contains(focused)) return;
    const element = target();
    if (element instanceof HTMLElement && element.isConnected) element.focus();
    if (document.activeElement === document.body) document.querySelector<HTMLElement>("main")?.focus();
  });
}
