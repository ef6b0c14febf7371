import { useEffect, useRef } from "react";
import { useLocation } from "wouter";

/** Closes the panel when the user goes somewhere else. A new conversation that gets its address is the same place. */
export function useCloseOnNavigation(close: () => void): void {
  const [path] = useLocation();
  const at = useRef(path);
  useEffect(() => {
    const before = at.current;
    at.current = path;
    if (before !== path && !(before === "/" && path.startsWith("/c/"))) close();
  }, [path, close]);
}
