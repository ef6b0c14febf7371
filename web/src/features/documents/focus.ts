/** Where the focus goes when what has it goes away. */

/** To the last button within the element. */
export function focusLast(element: Element | null | undefined): boolean {
  const button = [...(element?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? [])].at(-1);
  button?.focus();
  return button !== undefined;
}

/** To the same place of the row after or before that of the element. */
export function focusNeighbour(element: Element): boolean {
  const row = element.closest("li");
  return focusLast(row?.nextElementSibling) || focusLast(row?.previousElementSibling);
}
