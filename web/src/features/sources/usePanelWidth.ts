import { useCallback, useEffect, useState } from "react";
import { readStored, store } from "~/state/storage";

const KEY = "panelWidth";
const LEAST = 320;
/** What is left to the conversation. */
const REST = 420;

export interface PanelWidth {
  /** In pixels, as are the others. */
  readonly width: number;
  readonly least: number;
  readonly most: number;
  readonly setWidth: (width: number) => void;
}

/** How wide the panel is: what the user chose, as far as the window allows, else a good part of it. */
export function usePanelWidth(): PanelWidth {
  const [chosen, setChosen] = useState<number | undefined>(() => {
    const kept = readStored(KEY);
    return typeof kept === "number" && Number.isFinite(kept) ? kept : undefined;
  });
  const [window_, setWindow] = useState(innerWidth);
  useEffect(() => {
    const measure = (): void => setWindow(innerWidth);
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  const most = Math.max(LEAST, window_ - REST);
  const setWidth = useCallback(
    (wanted: number) => {
      const width = within(wanted, most);
      setChosen(width);
      store(KEY, width);
    },
    [most],
  );
  return { width: within(chosen ?? window_ * 0.42, most), least: LEAST, most, setWidth };
}

const within = (width: number, most: number): number => Math.round(Math.min(Math.max(width, LEAST), most));
