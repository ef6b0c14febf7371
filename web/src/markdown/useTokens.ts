import { useEffect, useMemo, useRef, useState } from "react";
import type { Token } from "./highlight";
import { lazyModule, useLoaded } from "./useLoaded";

const highlighter = lazyModule(() => import("./highlight"));

/** Colours cost time: longer code stays plain, and code that is still growing gets its colours some times a second, up to a length. */
const LONGEST = 50_000;
const LONGEST_GROWING = 12_000;
const EVERY_MS = 250;

/** The code in coloured pieces, or one plain piece. While it grows, what came since the last look is plain. */
export function useTokens(code: string, language: string | undefined, isGrowing: boolean): readonly Token[] {
  const mayColour = language !== undefined && code.length <= (isGrowing ? LONGEST_GROWING : LONGEST);
  const loaded = useLoaded(highlighter, language !== undefined && code.length <= LONGEST);
  const seen = useSteps(code, isGrowing);
  const tokens = useMemo(
    () => (mayColour ? loaded?.tokensOf(seen, language) : undefined),
    [mayColour, loaded, seen, language],
  );
  return useMemo(() => {
    if (!tokens || !code.startsWith(seen)) return [{ text: code, kind: undefined }];
    return code === seen ? tokens : [...tokens, { text: code.slice(seen.length), kind: undefined }];
  }, [tokens, code, seen]);
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
