/**
 * The web interface in a real Chromium, against the real local server. `app` is what `make test` runs; `speed` prints the figures that
 * the README gives (`make bench-web`), alone on the machine; `pictures` makes the pictures of the README (`make pictures`).
 */
import { defineConfig } from "@playwright/test";
import { findChromium } from "./support/chromium.ts";

const chromium = await findChromium();

export default defineConfig({
  outputDir: "test-results",
  forbidOnly: true,
  // A test that passes at the second try is a test that fails.
  retries: 0,
  workers: 2,
  // The longest take a quarter of a minute on a quiet machine; on a busy one, more than a minute was seen.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 800 },
    trace: "off",
    launchOptions: {
      executablePath: chromium.executable,
      // Nothing of the browser's own goes to the network, so that whatever does is the page's doing.
      args: [
        ...chromium.args,
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
  projects: [
    { name: "app", testDir: "app" },
    { name: "speed", testDir: "speed", workers: 1, timeout: 300_000 },
    { name: "pictures", testDir: "pictures", workers: 1 },
  ],
});
