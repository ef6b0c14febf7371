/**
 * Deletes that were under way when the page went away. Whether such a request arrives nobody can tell, so that the next page sends it
 * again; what is deleted already stays so.
 */
import { readStored, store } from "./storage";

export interface Unfinished {
  readonly ids: () => string[];
  readonly remember: (ids: readonly string[]) => void;
  readonly forget: (ids: readonly string[]) => void;
}

/** Those that are kept under a key of this browser's storage. */
export function unfinishedDeletes(key: string): Unfinished {
  const ids = (): string[] => {
    const found = readStored(key);
    return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
  };
  const without = (gone: readonly string[]): string[] => {
    const left = new Set(ids());
    for (const id of gone) left.delete(id);
    return [...left];
  };
  return {
    ids,
    remember: (added) => {
      if (added.length) store(key, [...without(added), ...added]);
    },
    forget: (gone) => {
      const rest = without(gone);
      if (rest.length < ids().length) store(key, rest.length > 0 ? rest : undefined);
    },
  };
}
