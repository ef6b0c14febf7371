/**
 * Makes the bitmaps of public/icon.svg, beside it: only files at the root and below /assets are served. Run by hand after the drawing has
 * changed (`node scripts/render-icons.mjs`); the results are kept in the repository. Needs Chromium (path in CHROMIUM) and the packages
 * of tests/e2e.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/e2e/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const BACKGROUND = "#3046b5";
/** `scale`: how much of the picture the drawing takes. Systems cut a maskable icon to a circle of 80 %, and round the corners themselves. */
const ICONS = [
  { name: "icon-192.png", size: 192, scale: 1, full: false },
  { name: "icon-512.png", size: 512, scale: 1, full: false },
  { name: "maskable-192.png", size: 192, scale: 0.94, full: true },
  { name: "maskable-512.png", size: 512, scale: 0.94, full: true },
  { name: "apple-touch-icon.png", size: 180, scale: 0.94, full: true },
];

const drawing = readFileSync(new URL("../public/icon.svg", import.meta.url)).toString("base64");
const folder = new URL("../public/", import.meta.url);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
for (const { name, size, scale, full } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const background = full ? `background:${BACKGROUND};` : "";
  await page.setContent(`<style>
    body { margin: 0; height: 100vh; display: grid; place-items: center; ${background} }
    img { width: ${100 * scale}%; }
  </style><img src="data:image/svg+xml;base64,${drawing}">`);
  await page.locator("img").evaluate((image) => image.decode());
  writeFileSync(new URL(name, folder), await page.screenshot({ omitBackground: true }));
  await page.close();
}
await browser.close();
