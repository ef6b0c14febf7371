/**
 * What this browser keeps. A browser may refuse to (private mode, storage full): then what is said here holds until the page is
 * closed, and whoever cares is told, once.
 */
const PREFIX = "chatbot.";

type Listener = (failed: boolean) => void;
const listeners = new Set<Listener>();
/** Keys whose latest value could not be kept. One that is short may fit where a long one did not. */
const unkept = new Set<string>();

/** Calls the listener when keeping begins to fail, and when it works again. Returns how to stop listening. */
export function onStorageTrouble(listener: Listener): () => void {
  listeners.add(listener);
  if (unkept.size) listener(true);
  return () => listeners.delete(listener);
}

export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Keeps the value (JSON), or forgets the key for `undefined`. Returns whether it could. */
export function store(key: string, value: unknown): boolean {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
    tell(key, false);
    return true;
  } catch {
    tell(key, true);
    return false;
  }
}

/** Keys below the prefix, without it. */
export function storedKeys(prefix: string): string[] {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + prefix))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** Calls the listener with each key that another tab changes. Returns how to stop listening. */
export function onStoredElsewhere(listener: (key: string) => void): () => void {
  const take = (event: StorageEvent): void => {
    if (event.key?.startsWith(PREFIX)) listener(event.key.slice(PREFIX.length));
  };
  window.addEventListener("storage", take);
  return () => window.removeEventListener("storage", take);
}

/** Calls the listener with what another tab keeps under the key from now on. */
export function onValueElsewhere(key: string, listener: (value: unknown) => void): void {
  onStoredElsewhere((changed) => {
    if (changed === key) listener(readStored(key));
  });
}

/** Forgets all that is kept. What is in memory of this page is not; reload it. */
export function forgetAll(): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    }
    sessionStorage.clear();
  } catch {
    // Where nothing can be kept there is nothing to forget.
  }
}

function tell(key: string, failed: boolean): void {
  const before = unkept.size > 0;
  if (failed) unkept.add(key);
  else unkept.delete(key);
  const now = unkept.size > 0;
  if (now !== before) for (const listener of listeners) listener(now);
}
