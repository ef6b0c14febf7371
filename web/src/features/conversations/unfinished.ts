/**
 * Deletes that were sent as the page went away. Whether such a request arrives nobody can tell, so that the next page sends it again;
 * what is deleted already stays so.
 */
import { readStored, store } from "~/state/storage";

const KEY = "deleting";

export function unfinishedDeletes(): string[] {
  const found = readStored(KEY);
  return Array.isArray(found) ? found.filter((id) => typeof id === "string") : [];
}

export function rememberDelete(id: string): void {
  store(KEY, [...unfinishedDeletes().filter((each) => each !== id), id]);
}

export function forgetDelete(id: string): void {
  const rest = unfinishedDeletes().filter((each) => each !== id);
  store(KEY, rest.length > 0 ? rest : undefined);
}
