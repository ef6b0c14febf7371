/** PDFs for tests, in place of ../pdf/pdfjs: plain text, a page a form feed, a line a piece of text. */
import { vi } from "vitest";

const named = (name: string): Error => Object.assign(new Error(name), { name });

export class Book {
  static readonly open = vi.fn(async (bytes: ArrayBuffer) => {
    const text = new TextDecoder().decode(bytes);
    if (text === "LOCKED") throw named("PasswordException");
    if (text === "BROKEN") throw named("InvalidPDFException");
    return new Book(text.split("\f"));
  });

  readonly close = vi.fn();
  readonly release = vi.fn();
  readonly #texts: readonly string[];

  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }

  get pages(): number {
    return this.#texts.length;
  }

  readonly first = {
    getViewport: () => ({
      width: 600,
      height: 800,
      convertToViewportPoint: (x: number, y: number) => [x, 800 - y],
    }),
    render: () => ({ promise: Promise.resolve(), cancel: () => undefined }),
  };

  page = async () => this.first;
  text = async () => ({ items: [], styles: {} });
  layText = () => () => undefined;

  items = async (number: number) =>
    (this.#texts[number - 1] ?? "").split("\n").map((str, line) => ({
      str,
      dir: "ltr",
      width: 5 * str.length,
      height: 10,
      transform: [10, 0, 0, 10, 50, 700 - 20 * line],
      fontName: "f",
    }));
}
