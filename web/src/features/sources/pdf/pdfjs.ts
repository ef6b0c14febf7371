/**
 * PDF files through pdf.js, which comes when the first one is shown. The file is hostile: it is parsed in a worker of its own that is
 * ended with the document, nothing in it is run (no scripts, no forms, no evaluated functions), nothing that it points to is fetched.
 */
import {
  getDocument,
  type PDFDocumentProxy,
  type PDFPageProxy,
  PDFWorker,
  TextLayer,
  version,
} from "pdfjs-dist";
import WorkerOfPdf from "pdfjs-dist/build/pdf.worker.min.mjs?worker";
import type { TextContent, TextItem } from "pdfjs-dist/types/src/display/api";

/** Where the build puts what files may leave out: character maps, standard fonts (web/vite/pdfjsAssets.ts). */
const ASSETS = new URL(`/assets/pdfjs-${version}/`, location.origin).href;
/** An image of more pixels than this is left out rather than made. */
const MAX_IMAGE_PIXELS = 100_000_000;

export type { PDFPageProxy, TextContent, TextItem };

/** A PDF that is open. Pages count from 1. */
export class Book {
  readonly #texts = new Map<number, Promise<TextContent>>();

  private constructor(
    readonly document: PDFDocumentProxy,
    readonly first: PDFPageProxy,
    private readonly end: () => void,
  ) {}

  /** Fails with an error of pdf.js: see `troubleOf`. Takes the bytes over. */
  static async open(bytes: ArrayBuffer, signal: AbortSignal): Promise<Book> {
    const port = new WorkerOfPdf();
    const worker = PDFWorker.create({ port });
    const task = getDocument({
      data: bytes,
      worker,
      cMapUrl: `${ASSETS}cmaps/`,
      standardFontDataUrl: `${ASSETS}standard_fonts/`,
      wasmUrl: `${ASSETS}wasm/`,
      // The content security policy allows neither eval nor WebAssembly.
      isEvalSupported: false,
      useWasm: false,
      enableXfa: false,
      maxImageSize: MAX_IMAGE_PIXELS,
      verbosity: 0,
    });
    const end = (): void => {
      void task.destroy().catch(() => undefined);
      // At once: a page that takes for ever would keep it from ending by itself.
      port.terminate();
      worker.destroy();
    };
    signal.addEventListener("abort", end, { once: true });
    try {
      const document = await broken(task.promise, signal, port);
      return new Book(document, await broken(document.getPage(1), signal, port), end);
    } catch (error) {
      end();
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  get pages(): number {
    return this.document.numPages;
  }

  page(number: number): Promise<PDFPageProxy> {
    return number === 1 ? Promise.resolve(this.first) : this.document.getPage(number);
  }

  text(number: number): Promise<TextContent> {
    const known = this.#texts.get(number);
    if (known) return known;
    const text = this.page(number).then((page) => page.getTextContent());
    this.#texts.set(number, text);
    return text;
  }

  async items(number: number): Promise<TextItem[]> {
    const { items } = await this.text(number);
    return items.filter((item): item is TextItem => "str" in item);
  }

  /** Lets go of what drawing the page left behind; it can be drawn again. */
  release(number: number): void {
    this.#texts.delete(number);
    void this.page(number).then(
      (page) => page.cleanup(),
      () => undefined,
    );
  }

  /** Lays the page's text, for selecting, over what is drawn of it. Returns how to take it away. */
  layText(page: PDFPageProxy, text: TextContent, container: HTMLElement): () => void {
    const viewport = page.getViewport({ scale: 1 });
    const layer = new TextLayer({ textContentSource: text, container, viewport });
    layer.render().catch(() => undefined);
    return () => {
      layer.cancel();
      container.replaceChildren();
    };
  }

  close(): void {
    this.end();
  }
}

/** The result, unless it is given up or the worker dies first, which pdf.js would wait for for ever. */
function broken<T>(result: Promise<T>, signal: AbortSignal, port: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    port.addEventListener("error", () => reject(new Error("The worker of pdf.js did not start.")), {
      once: true,
    });
    result.then(resolve, reject);
  });
}
