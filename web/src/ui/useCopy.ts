import { useEffect, useState } from "react";
import { copyText } from "./copyText";

/** Named as the texts of `common` that say it. */
export type CopyOutcome = "copied" | "copyFailed";

const SHOWN_MS = 4_000;

export interface Copying {
  /** What came of the last attempt, for as long as it should be shown. */
  readonly outcome: CopyOutcome | undefined;
  readonly copy: () => Promise<void>;
}

/** How a button copies a text. */
export function useCopy(text: string): Copying {
  const [outcome, setOutcome] = useState<CopyOutcome>();
  useEffect(() => {
    if (!outcome) return;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => setOutcome((await copyText(text)) ? "copied" : "copyFailed");
  return { outcome, copy };
}
