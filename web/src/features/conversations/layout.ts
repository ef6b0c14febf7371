/** Sizes for tests: a DOM without layout measures nothing, so a virtualised list would show nothing. */
import { vi } from "vitest";

export function layout({ height, row }: { readonly height: number; readonly row: number }): void {
  const sizeOf = (element: Element): number => (element.tagName === "LI" ? row : height);
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockImplementation(function (this: HTMLElement) {
    return sizeOf(this);
  });
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockImplementation(function (this: HTMLElement) {
    return sizeOf(this);
  });
  // What has none is taken for hidden.
  Object.defineProperty(HTMLElement.prototype, "offsetParent", {
    configurable: true,
    get: () => document.body,
  });
  vi.stubGlobal(
    "ResizeObserver",
    class implements ResizeObserver {
      constructor(private readonly tell: ResizeObserverCallback) {}
      observe(target: Element): void {
        queueMicrotask(() => {
          const contentRect = { width: 250, height: sizeOf(target) } as DOMRectReadOnly;
          this.tell([{ target, contentRect } as ResizeObserverEntry], this);
        });
      }
      unobserve(): void {}
      disconnect(): void {}
    },
  );
}
