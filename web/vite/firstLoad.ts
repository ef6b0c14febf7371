import type { Plugin, Rollup } from "vite";

const NO_KATEX = "\0no-katex";

/**
 * What the page loads at first in two files, instead of the twenty that Rollup makes of it (one for each set of lazy parts that share
 * a module): `vendor`, which changes seldom, and the entry. Everything else is left to Rollup.
 */
export function firstLoad(): Plugin {
  return {
    name: "first-load",
    apply: "build",
    enforce: "pre",
    config: () => ({ build: { rollupOptions: { output: { manualChunks: chunks() } } } }),
    // The half of this package that writes HTML is not used, and must not bring KaTeX into the first load. What does use it is lazy.
    resolveId: (source, importer) =>
      source === "katex" && importer?.includes("/micromark-extension-math/") ? NO_KATEX : undefined,
    load: (id) => (id === NO_KATEX ? "export default undefined;" : undefined),
  };
}

function chunks(): Rollup.GetManualChunk {
  let first: ReadonlySet<string> | undefined;
  return (id, meta) => {
    first ??= reachedAtOnce(meta);
    if (!first.has(id)) return undefined;
    // A module of the bundler itself ("\0...") is used by both: it must not lead from one to the other and back.
    return id.startsWith("\0") || id.includes("/node_modules/") ? "vendor" : "app";
  };
}

/** The entries and what they import, and so on, without `import()`. */
function reachedAtOnce({ getModuleIds, getModuleInfo }: Rollup.ManualChunkMeta): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...getModuleIds()].filter((id) => getModuleInfo(id)?.isEntry);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    waiting.push(...(getModuleInfo(id)?.importedIds ?? []));
  }
  return found;
}
