/**
 * Weighs what a browser loads before the page can be used: the scripts and styles that dist/index.html names, gzipped. Fails where the
 * scripts are heavier than the budget. `node scripts/first-load.mjs [folder]`
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 250;
const folder = process.argv[2] ?? "dist";

const html = readFileSync(join(folder, "index.html"), "utf8");
const named = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)];
const files = [...new Set(named.map(([, path]) => path))].map((path) => {
  const bytes = readFileSync(join(folder, path));
  return { path, bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
});
const scripts = files.filter(({ path }) => path.endsWith(".js"));
if (scripts.length === 0) {
  process.stderr.write(`${folder}/index.html names no script: run \`npm run build\` first.\n`);
  process.exit(1);
}

const kb = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
for (const { path, bytes, gzipped } of files.toSorted((a, b) => b.gzipped - a.gzipped)) {
  process.stdout.write(`${kb(gzipped)} gzipped, ${kb(bytes)} plain  ${path}\n`);
}
const total = scripts.reduce((sum, { gzipped }) => sum + gzipped, 0);
process.stdout.write(`${kb(total)} of JavaScript in all; the budget is ${BUDGET_KB} kB\n`);
if (total > BUDGET_KB * 1000) {
  process.stderr.write("Over the budget: load what is not needed at first with import().\n");
  process.exit(1);
}
