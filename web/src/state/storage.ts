/**
 * What this browser keeps. A browser may refuse to (private mode, storage full): then what is said here holds until the page is
 * closed, and whoever cares is told, once.
 */
const PREFIX = "chatbot.";

type Listener = (failed: boolean) => void;
const listeners = new Set<Listener>();
let failing = false;

/** Calls the listener when keeping begins to fail, and when it works again. Returns how to stop listening. */
export function onStorageTrouble(listener: Listener): () => void {
  listeners.add(listener);
  if (failing) listener(true);
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
    tell(false);
    return true;
  } catch {
    tell(true);
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

function tell(failed: boolean): void {
  if (failed === failing) return;
  failing = failed;
  for (const listener of listeners) listener(failed);
}
