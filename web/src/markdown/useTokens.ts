import { useEffect, useMemo, useRef, useState } from "react";
import type { Token } from "./highlight";
import { lazyModule, useLoaded } from "./useLoaded";

const highlighter = lazyModule(() => import("./highlight"));

/** Colours cost time: longer code stays plain, and code that is still growing gets its colours some times a second, up to a length. */
const LONGEST = 50_000;
const LONGEST_GROWING = 12_000;
const EVERY_MS = 250;

export interface Coloured {
  readonly tokens: readonly Token[];
  /** What has come since the colours were last looked for. */
  readonly rest: string;
}

const NONE: readonly Token[] = [];

/** The code in coloured pieces, which stay the same value while only the rest grows. Without colours all of it is the rest. */
export function useTokens(code: string, language: string | undefined, isGrowing: boolean): Coloured {
  const mayColour = language !== undefined && code.length <= (isGrowing ? LONGEST_GROWING : LONGEST);
  const loaded = useLoaded(highlighter, language !== undefined && code.length <= LONGEST);
  const seen = useSteps(code, isGrowing);
  const tokens = useMemo(
    () => (mayColour ? loaded?.tokensOf(seen, language) : undefined),
    [mayColour, loaded, seen, language],
  );
  if (!tokens || !code.startsWith(seen)) return { tokens: NONE, rest: code };
  return { tokens, rest: code.slice(seen.length) };
}

/** The value itself when it rests; while it grows, the value of a moment ago. */
function useSteps(value: string, isGrowing: boolean): string {
  const [step, setStep] = useState(value);
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    if (!isGrowing) return;
    const timer = setInterval(() => setStep(latest.current), EVERY_MS);
    return () => clearInterval(timer);
  }, [isGrowing]);
  return isGrowing ? step : value;
}
