import type { Rollup } from "vite";
import { describe, expect, it } from "vitest";
import { pathsAtStart } from "./serviceWorker";

const chunk = (fileName: string, change: Partial<Rollup.OutputChunk> = {}): Rollup.OutputChunk =>
  ({
    type: "chunk",
    fileName,
    isEntry: false,
    imports: [],
    dynamicImports: [],
    ...change,
  }) as unknown as Rollup.OutputChunk;

const styles = (...names: string[]) => ({ viteMetadata: { importedCss: new Set(names) } }) as object;

describe("what the service worker keeps from the beginning", () => {
  it("is the entry, what it imports at once, and their styles; not what comes later", () => {
    const chunks = [
      chunk("assets/index.js", {
        isEntry: true,
        imports: ["assets/vendor.js"],
        dynamicImports: ["assets/costs.js"],
        ...styles("assets/index.css"),
      }),
      chunk("assets/vendor.js", { imports: ["assets/index.js"], ...styles("assets/vendor.css") }),
      chunk("assets/costs.js", styles("assets/costs.css")),
    ];
    const bundle = Object.fromEntries(chunks.map((each) => [each.fileName, each]));
    expect(pathsAtStart(bundle)).toEqual([
      "/assets/index.css",
      "/assets/index.js",
      "/assets/vendor.css",
      "/assets/vendor.js",
    ]);
  });
});
