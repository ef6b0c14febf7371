import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";

const root = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/**
 * Files that pdf.js fetches when a PDF needs them: character maps of Asian fonts, the standard fonts, the decoder of JPEG 2000 (the one
 * without WebAssembly). The version is in the path, since everything below /assets is kept by browsers for good.
 */
const FOLDER = `assets/pdfjs-${version}`;
const WANTED: Readonly<Record<string, RegExp>> = {
  cmaps: /\.bcmap$|^LICENSE/,
  standard_fonts: /\.(pfb|ttf)$|^LICENSE/,
  wasm: /^openjpeg_nowasm_fallback\.js$|^LICENSE_(PDFJS_)?OPENJPEG$/,
};

export function pdfjsAssets(): Plugin {
  const files = Object.entries(WANTED).flatMap(([folder, wanted]) =>
    readdirSync(join(root, folder))
      .filter((name) => wanted.test(name))
      .map((name) => `${folder}/${name}`),
  );
  return {
    name: "pdfjs-assets",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const file = files.find((each) => request.url === `/${FOLDER}/${each}`);
        if (!file) return next();
        // A script that is not said to be one is not run.
        if (file.endsWith(".js")) response.setHeader("content-type", "text/javascript");
        createReadStream(join(root, file)).pipe(response);
      });
    },
    generateBundle() {
      for (const file of files) {
        const source = readFileSync(join(root, file));
        this.emitFile({ type: "asset", fileName: `${FOLDER}/${file}`, source });
      }
    },
  };
}
