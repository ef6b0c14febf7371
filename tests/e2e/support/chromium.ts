/** The browser: one that is installed, or else the one that lies inside the package @sparticuz/chromium (Linux, x86_64). */
import { accessSync, constants } from "node:fs";

const INSTALLED = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

export interface Browser {
  readonly executable: string;
  readonly args: readonly string[];
}

/** Chromium's sandbox works for no root, and in few containers. The tests open their own pages only. */
const NO_SANDBOX = ["--no-sandbox"];

export async function findChromium(): Promise<Browser> {
  const installed = INSTALLED.find(isExecutable);
  if (installed) return { executable: installed, args: NO_SANDBOX };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`No Chromium was found (${INSTALLED.join(", ")}). Install Chromium or Google Chrome, then run this again.`);
  }
  const { default: packaged } = await import("@sparticuz/chromium");
  return { executable: await packaged.executablePath(), args: NO_SANDBOX };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
