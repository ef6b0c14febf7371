import { useEffect, useSyncExternalStore } from "react";

/** A module that is loaded when it is first needed, and from then on is there at once. */
export interface Lazy<T> {
  readonly get: () => T | undefined;
  readonly load: () => void;
  readonly subscribe: (listener: () => void) => () => void;
}

export function lazyModule<T>(load: () => Promise<T>): Lazy<T> {
  let loaded: T | undefined;
  let state: "idle" | "loading" | "failed" = "idle";
  const listeners = new Set<() => void>();
  return {
    get: () => loaded,
    load: () => {
      if (loaded || state === "loading") return;
      state = "loading";
      load().then(
        (module) => {
          loaded = module;
          for (const listener of listeners) listener();
        },
        // Offline: the text stays plain, and the next one tries again.
        () => {
          state = "failed";
        },
      );
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The module, once it is there; `wanted` false does not load it. */
export function useLoaded<T>(lazy: Lazy<T>, wanted: boolean): T | undefined {
  useEffect(() => {
    if (wanted) lazy.load();
  }, [lazy, wanted]);
  const module = useSyncExternalStore(lazy.subscribe, lazy.get);
  return wanted ? module : undefined;
}
