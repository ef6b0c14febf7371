/** The figures of the web interface. They are printed, never asserted: machines differ. `make bench-web` runs this. */
import type { Browser, BrowserContext, Page } from "@playwright/test";
import { sleep } from "../support/model.ts";
import type { LocalServer } from "../support/server.ts";
import { expect, rememberWelcome, test } from "../support/test.ts";
import { traced } from "../support/tracing.ts";
import { answered, send } from "../support/ui.ts";

const RUNS = 5;
const MESSAGES = 10_000;
const TOKENS_PER_SECOND = 200;
const STREAM_SECONDS = 10;

const PARAGRAPH =
  "## A heading\n\nThe **quick** brown fox jumps over the `lazy` dog, and *then* it rests, as [1] says.\n\n- one\n- two\n- three\n\n" +
  "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nfor fox in foxes:\n    fox.jump(over=dog)\n```\n\n";

/** A line that bench/interface.py reads. `limit` is what the figure shall not exceed, or reach where `atLeast`;
 *  a figure without one is told for comparison. */
function report(figure: {
  name: string;
  value: number;
  unit: string;
  limit?: number;
  atLeast?: boolean;
  detail: string;
}): void {
  console.log(`FIGURE ${JSON.stringify(figure)}`);
}

const listed = (values: readonly number[]): string =>
  `${values.length} runs: ${values.map((value) => value.toFixed(0)).join(", ")}`;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function fresh(browser: Browser, url: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await rememberWelcome(page);
  await page.goto(url);
  return { context, page };
}

test("first load", async ({ browser, sharedServer, server: _ }) => {
  const paints: number[] = [];
  let scripts = { bytes: 0, count: 0 };
  for (let run = 0; run < RUNS; run += 1) {
    const { context, page } = await fresh(browser, sharedServer.url);
    await page.waitForLoadState("networkidle");
    const seen = await page.evaluate(() => {
      const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN;
      const loaded = performance
        .getEntriesByType("resource")
        .map((entry) => entry as PerformanceResourceTiming);
      const code = loaded.filter((entry) => new URL(entry.name).pathname.endsWith(".js"));
      return {
        paint,
        bytes: code.reduce((sum, entry) => sum + entry.encodedBodySize, 0),
        count: code.length,
      };
    });
    paints.push(seen.paint);
    scripts = seen;
    await context.close();
  }
  report({
    name: "first contentful paint, fresh profile",
    value: median(paints),
    unit: "ms",
    limit: 1000,
    detail: listed(paints),
  });
  report({
    name: "JavaScript of the first load, as sent",
    value: scripts.bytes / 1000,
    unit: "kB",
    limit: 250,
    detail: `${scripts.count} files`,
  });
});

test("a long conversation", async ({ browser, sharedServer, server }) => {
  const id = await longConversation(server);
  const cold: number[] = [];
  const warm: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const { context, page } = await fresh(browser, `${sharedServer.url}/c/${id}`);
    cold.push(await shownSince(page, 0));
    await page
      .getByRole("link", { name: "New chat" })
      .or(page.getByRole("button", { name: "New chat" }))
      .first()
      .click();
    await expect(page.getByText(`answer ${MESSAGES / 2 - 1}`)).toBeHidden();
    const link = page.getByRole("link", { name: /A long conversation/ });
    await link.hover();
    await page.evaluate(() => {
      document.addEventListener("click", () => Object.assign(window, { clickedAt: performance.now() }), {
        capture: true,
        once: true,
      });
    });
    const shown = page.evaluate(waitForAnswer, `answer ${MESSAGES / 2 - 1}`);
    await link.click();
    warm.push(
      (await shown) - (await page.evaluate(() => (window as unknown as { clickedAt: number }).clickedAt)),
    );
    await context.close();
  }
  report({
    name: `${MESSAGES} messages: from a click to the newest on the screen`,
    value: median(warm),
    unit: "ms",
    limit: 500,
    detail: listed(warm),
  });
  report({
    name: `${MESSAGES} messages: from the address, page load included`,
    value: median(cold),
    unit: "ms",
    detail: listed(cold),
  });

  const { context, page } = await fresh(browser, `${sharedServer.url}/c/${id}`);
  await shownSince(page, 0);
  const session = await context.newCDPSession(page);
  const smooth = await traced(browser, page, "DrawFrame", async () => {
    await session.send("Input.synthesizeScrollGesture", {
      x: 700,
      y: 400,
      yDistance: 40_000,
      speed: 4_000,
      gestureSourceType: "mouse",
      preventFling: true,
    });
  });
  report({
    name: `${MESSAGES} messages: scrolling up, 4,000 px/s`,
    value: smooth.framesPerSecond,
    unit: "frames/s",
    limit: 50,
    atLeast: true,
    detail: `longest frame ${smooth.longestFrame.toFixed(0)} ms, ${smooth.framesOver50} of ${smooth.frames} over 50 ms; longest task ${smooth.longestTask.toFixed(0)} ms`,
  });
  await context.close();
});

test("a quick answer", async ({ browser, sharedServer, model, server: _ }) => {
  const tokens = PARAGRAPH.repeat(200).match(/[\s\S]{1,4}/g) ?? [];
  model.answers(async function* () {
    const began = performance.now();
    for (let told = 0; told < TOKENS_PER_SECOND * STREAM_SECONDS; told += 1) {
      yield tokens[told % tokens.length] ?? "";
      const wait = began + ((told + 1) * 1000) / TOKENS_PER_SECOND - performance.now();
      if (wait > 1) await sleep(wait);
    }
  });
  const { context, page } = await fresh(browser, sharedServer.url);
  const smooth = await traced(browser, page, "FireAnimationFrame", async () => {
    await send(page, "Tell me about the fox");
    await page.waitForTimeout(1_000);
    await answered(page);
  });
  report({
    name: `streaming ${TOKENS_PER_SECOND} tokens/s for ${STREAM_SECONDS} s: longest frame`,
    value: smooth.longestFrame,
    unit: "ms",
    limit: 50,
    detail: `${smooth.framesOver50} of ${smooth.frames} frames over 50 ms; longest task ${smooth.longestTask.toFixed(0)} ms, ${smooth.tasksOver50} tasks over 50 ms`,
  });
  await context.close();
});

async function longConversation(server: LocalServer): Promise<string> {
  const began = Date.parse("2026-01-01T00:00:00Z");
  const turns = Array.from({ length: MESSAGES / 2 }, (_, turn) => ({
    question: `question ${turn}: what does the fox do?`,
    reply: `answer ${turn}\n\n${PARAGRAPH.repeat(1 + (turn % 3))}`,
    asked_at: new Date(began + turn * 60_000).toISOString(),
  }));
  let id: string | undefined;
  for (let first = 0; first < turns.length; first += 50) {
    const body = {
      title: "A long conversation",
      turns: turns.slice(first, first + 50),
      ...(id ? { conversation_id: id } : {}),
    };
    id = (await server.post<{ conversation_id: string }>("/conversations/import", body)).conversation_id;
  }
  return id ?? "";
}

/** When the text was on the screen, by the page's clock: after the frame that holds it. */
function waitForAnswer(text: string): Promise<number> {
  return new Promise((resolve) => {
    const look = (): void => {
      const main = document.querySelector("main");
      if (main?.textContent?.includes(text)) requestAnimationFrame(() => resolve(performance.now()));
      else requestAnimationFrame(look);
    };
    look();
  });
}

async function shownSince(page: Page, since: number): Promise<number> {
  return (await page.evaluate(waitForAnswer, `answer ${MESSAGES / 2 - 1}`)) - since;
}
