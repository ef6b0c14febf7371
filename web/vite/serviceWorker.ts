import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin, Rollup } from "vite";

/** Emits `/sw.js`: src/pwa/sw.js with what the page needs to start, and a version that changes with it. */
export function serviceWorker(): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const build = { version: versionOf(bundle), shell: ["/", ...pathsAtStart(bundle)] };
        const source = readFileSync(new URL("../src/pwa/sw.js", import.meta.url), "utf8");
        const text = source.replace("const BUILD = __BUILD__", `const BUILD = ${JSON.stringify(build)}`);
        this.emitFile({ type: "asset", fileName: "sw.js", source: text });
      },
    },
  };
}

/** Paths of the entry, of what it imports at once, and of their styles. */
export function pathsAtStart(bundle: Rollup.OutputBundle): string[] {
  const found = new Set<string>();
  const add = (fileName: string): void => {
    const chunk = bundle[fileName];
    if (chunk?.type !== "chunk" || found.has(fileName)) return;
    found.add(fileName);
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
    for (const imported of chunk.imports) add(imported);
  };
  for (const chunk of Object.values(bundle)) if (chunk.type === "chunk" && chunk.isEntry) add(chunk.fileName);
  return [...found].sort().map((fileName) => `/${fileName}`);
}

/** Names of assets have their hash; the HTML has none. */
function versionOf(bundle: Rollup.OutputBundle): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(bundle).sort()) hash.update(`${name}\n`);
  const html = bundle["index.html"];
  if (html?.type !== "asset") throw new Error("service-worker: the bundle has no index.html");
  return hash.update(html.source).digest("hex").slice(0, 16);
}
