/** A slow network and a slow processor, on demand (`make browser SLOW=1`): they bring to light what only a quick machine hides. */
import type { Page } from "@playwright/test";

const isSlow = process.env.SLOW === "1";
/** At most; each request waits for another part of it, so that answers come in another order, too. */
const LATE_MILLISECONDS = 1_000;
const TIMES_SLOWER = 4;

/** Waits before a request is passed on. */
export async function late(path: string | undefined): Promise<void> {
  if (isSlow && path?.startsWith("/api/"))
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LATE_MILLISECONDS));
}

export async function slowDown(page: Page): Promise<void> {
  if (!isSlow) return;
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: TIMES_SLOWER });
}
