import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { keys } from "~/api/queries";
import { forgetOriginals } from "~/features/sources/original/originals";
import { isOver } from "./uploadItems";
import { useUploads } from "./uploads";

const PAUSE = 1_500;

/** Has the listing asked for again as uploads come into it and are finished, but not for each of a thousand. */
export function useFreshListing(): void {
  const client = useQueryClient();
  const known = useUploads(({ items }) => items.filter((item) => item.documentId !== undefined).length);
  const over = useUploads(({ items }) => items.filter((item) => isOver(item.state)).length);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (!known && !over) return;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: keys.documents });
      // A preview must not show the bytes that were replaced.
      forgetOriginals();
    }, PAUSE);
  }, [client, known, over]);
}
