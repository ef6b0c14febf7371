/** A slow network and a slow processor, on demand (`make browser SLOW=1`): they bring to light what only a quick machine hides. */
import type { Page } from "@playwright/test";

const isSlow = process.env.SLOW === "1";
/** Long enough to see what the page does without an answer, short enough for every time limit of the tests. */
const LATE_MILLISECONDS = 400;
const TIMES_SLOWER = 4;

/** Waits before a request is passed on. */
export async function late(path: string | undefined): Promise<void> {
  if (isSlow && path?.startsWith("/api/"))
    await new Promise((resolve) => setTimeout(resolve, LATE_MILLISECONDS));
}

export async function slowDown(page: Page): Promise<void> {
  if (!isSlow) return;
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: TIMES_SLOWER });
}
