import { version } from "pdfjs-dist/package.json";
import { expect, it, vi } from "vitest";
import { pdfjsAssets } from "./pdfjsAssets";

it("puts what PDF files may need below a path with the version of pdf.js", () => {
  const emitFile = vi.fn((_: { fileName: string; source: Uint8Array }) => "");
  const { generateBundle } = pdfjsAssets();
  if (typeof generateBundle !== "function") throw new Error("a plugin without generateBundle");
  Reflect.apply(generateBundle, { emitFile }, []);
  const names = emitFile.mock.calls.map(([file]) => file.fileName);
  for (const name of [
    "cmaps/UniJIS-UTF16-H.bcmap",
    "cmaps/LICENSE",
    "standard_fonts/FoxitSerif.pfb",
    "standard_fonts/LiberationSans-Regular.ttf",
    "standard_fonts/LICENSE_FOXIT",
    "wasm/openjpeg_nowasm_fallback.js",
  ])
    expect(names).toContain(`assets/pdfjs-${version}/${name}`);
  // The content security policy allows none.
  expect(names.filter((name) => name.endsWith(".wasm"))).toEqual([]);
});
