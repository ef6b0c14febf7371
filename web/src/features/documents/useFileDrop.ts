import { useEffect, useRef, useState } from "react";

const holdsFiles = (transfer: DataTransfer | null): boolean => transfer?.types.includes("Files") ?? false;

/** HTML has an event every 350 ms, give or take 200. */
const SILENCE = 1_200;

/**
 * Whether what is pasted is a text. A table or a text of an office program comes with a picture of itself; a file comes with its
 * name as a text.
 */
export function isTextMeant(transfer: Pick<DataTransfer, "types" | "files" | "getData">): boolean {
  if (transfer.types.some((type) => type === "text/html" || type === "text/rtf")) return true;
  const lines = transfer.getData("text/plain").split(/\r?\n/).filter(Boolean);
  const names = new Set([...transfer.files].map((file) => file.name));
  return !lines.every((line) => names.has(line.split("/").at(-1) ?? line));
}

/**
 * Files dropped or pasted anywhere on the page. Whoever handles such an event itself calls `preventDefault` on it, and is left alone.
 * Returns whether files are being dragged over the page.
 */
export function useFileDrop(onFiles: (transfer: DataTransfer) => void): boolean {
  const [isOver, setOver] = useState(false);
  const take = useRef(onFiles);
  take.current = onFiles;
  useEffect(() => {
    // Pictures and links of the page itself are dragged as files, too.
    let isOurOwn = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = (event: DragEvent): void => {
      const isOurs = !isOurOwn && !event.defaultPrevented && holdsFiles(event.dataTransfer);
      setOver(isOurs);
      if (!isOurs || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      // As long as the drag goes on there is a next event, also where nothing moves. Not every way of ending it is told.
      clearTimeout(timer);
      timer = setTimeout(() => setOver(false), SILENCE);
    };
    const events: { readonly [Name in keyof DocumentEventMap]?: (event: DocumentEventMap[Name]) => void } = {
      dragstart: () => {
        isOurOwn = true;
      },
      dragend: () => {
        isOurOwn = false;
        setOver(false);
      },
      // Of what is drawn anew beneath the pointer only this is told before the drop, and without a taker there is none.
      dragenter: over,
      dragover: over,
      dragleave: (event) => {
        // From one element to the next there is a related one; out of the window there is none.
        if (!event.relatedTarget) setOver(false);
      },
      drop: (event) => {
        setOver(false);
        if (isOurOwn || event.defaultPrevented || !holdsFiles(event.dataTransfer)) return;
        event.preventDefault();
        if (event.dataTransfer) take.current(event.dataTransfer);
      },
      paste: (event) => {
        const transfer = event.clipboardData;
        if (event.defaultPrevented || !transfer || !holdsFiles(transfer)) return;
        if (isTextMeant(transfer)) return;
        event.preventDefault();
        take.current(transfer);
      },
    };
    const listening = new AbortController();
    for (const [name, listener] of Object.entries(events))
      document.addEventListener(name, listener as EventListener, { signal: listening.signal });
    return () => {
      clearTimeout(timer);
      listening.abort();
    };
  }, []);
  return isOver;
}
