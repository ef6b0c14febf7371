import { useEffect, useRef, useState } from "react";

const filesOf = (transfer: DataTransfer | null): File[] => [...(transfer?.files ?? [])];
const holdsFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") ?? false;

/**
 * Files that are dropped anywhere on the page, or pasted, as long as this is mounted: the page would take them for documents, but leaves
 * alone what somebody handles. Returns whether files are being dragged over the page.
 */
export function useFilesAnywhere(onFiles: (files: readonly File[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const take = useRef(onFiles);
  useEffect(() => {
    take.current = onFiles;
  });
  useEffect(() => {
    const listening = new AbortController();
    const options = { capture: true, signal: listening.signal };
    const handled = (event: Event, transfer: DataTransfer | null): boolean => {
      if (!holdsFiles(transfer)) return false;
      event.preventDefault();
      return true;
    };
    const give = (files: readonly File[]): void => {
      if (files.length > 0) take.current(files);
    };
    for (const name of ["dragenter", "dragover"] as const)
      document.addEventListener(name, (e) => setIsOver(handled(e, e.dataTransfer)), options);
    document.addEventListener("dragleave", (e) => e.relatedTarget || setIsOver(false), options);
    document.addEventListener(
      "drop",
      (event) => {
        setIsOver(false);
        if (handled(event, event.dataTransfer)) give(filesOf(event.dataTransfer));
      },
      options,
    );
    document.addEventListener(
      "paste",
      (event) => {
        if (handled(event, event.clipboardData)) give(filesOf(event.clipboardData));
      },
      options,
    );
    return () => listening.abort();
  }, []);
  return isOver;
}
