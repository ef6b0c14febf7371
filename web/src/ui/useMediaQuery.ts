import { useCallback, useSyncExternalStore } from "react";

/** Too narrow for the sidebar beside the conversation: it becomes a drawer. As app/Shell.module.css has it. */
export const NARROW = "(max-width: 47.99rem)";
/** Too narrow for a source beside the conversation: it lies over it, as a sheet. As app/Shell.module.css has it. */
export const SHEET = "(max-width: 67.99rem)";

/** Whether a media query holds, now and whenever that changes. */
export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (changed: () => void) => {
      const list = matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}
