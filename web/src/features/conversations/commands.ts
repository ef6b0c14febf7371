/** What keyboard shortcuts do here. */
let search: HTMLInputElement | null = null;

export const offerSearch = (input: HTMLInputElement | null): void => {
  search = input;
};

/** Puts the cursor into the search of conversations. Returns whether it could: the sidebar may be closed. */
export function focusSearch(): boolean {
  search?.focus();
  search?.select();
  return search !== null && document.activeElement === search;
}
