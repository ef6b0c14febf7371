import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { saveOriginal } from "~/features/documents/original";
import { errorText } from "~/i18n/errorText";
import { showToast } from "~/state/toasts";
import type { Source } from "./source";

/** Gives the user the file as it was sent. Goes on when another source is shown, ends with the panel. */
export function useDownload(source: Source | undefined) {
  const { t } = useTranslation();
  const [isRunning, setRunning] = useState(false);
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  const start = async (): Promise<void> => {
    if (!source || isRunning) return;
    controller.current = new AbortController();
    const { signal } = controller.current;
    setRunning(true);
    try {
      await saveOriginal(source.documentId, source.path, signal);
    } catch (error) {
      if (!signal.aborted) showToast({ kind: "error", text: errorText(t, error) });
    } finally {
      setRunning(false);
    }
  };
  return { isRunning, start };
}
