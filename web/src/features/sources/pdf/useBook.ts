import { useEffect, useState } from "react";
import type { Progress } from "../original/fetchOriginal";
import { originalOf } from "../original/originals";
import type { Book } from "./pdfjs";
import { type Trouble, troubleOf } from "./trouble";

export type BookState =
  | { readonly phase: "loading"; readonly progress: Progress | undefined }
  | { readonly phase: "ready"; readonly book: Book }
  | { readonly phase: "failed"; readonly trouble: Trouble };

const LOADING: BookState = { phase: "loading", progress: undefined };

/** Fetches and opens a PDF, and closes it when another one is wanted. `attempt`: another number tries again. */
export function useBook(documentId: string, attempt: number, evenLarge: boolean): BookState {
  const [state, setState] = useState<BookState>(LOADING);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is the same again.
  useEffect(() => {
    const controller = new AbortController();
    let book: Book | undefined;
    setState(LOADING);
    const open = async (): Promise<void> => {
      // Both at once: the viewer takes longer than most files.
      const viewer = import("./pdfjs");
      // Where the file fails first, nobody waits for the viewer any more.
      viewer.catch(() => undefined);
      const onProgress = (progress: Progress): void => setState({ phase: "loading", progress });
      const file = await originalOf(documentId, { signal: controller.signal, onProgress, evenLarge });
      const { Book: books } = await viewer;
      book = await books.open(await file.arrayBuffer(), controller.signal);
      if (controller.signal.aborted) book.close();
      else setState({ phase: "ready", book });
    };
    open().catch((error: unknown) => {
      const trouble = troubleOf(error);
      if (trouble && !controller.signal.aborted) setState({ phase: "failed", trouble });
    });
    return () => {
      controller.abort();
      book?.close();
    };
  }, [documentId, attempt, evenLarge]);
  return state;
}
