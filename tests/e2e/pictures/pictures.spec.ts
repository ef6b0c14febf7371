/** The pictures of README.md and docs/tour.md: the real server, the built-in model, real documents. `make pictures` renews them. */
import { mkdir } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { LocalServer } from "../support/server.ts";
import { test as base, rememberWelcome } from "../support/test.ts";
import { answers, ask } from "../support/ui.ts";

const FOLDER = new URL("../../../docs/pictures/", import.meta.url);
/** A manual of two pages, which the browser prints to a PDF. */
const MANUAL = `
  <style>
    body { font: 13pt/1.5 sans-serif; margin: 1.5cm; }
    h1 { font-size: 26pt; } h2 { font-size: 16pt; break-before: page; } h2.same { break-before: auto; }
    table { border-collapse: collapse; width: 100%; } td, th { border: 1px solid #999; padding: 4pt 8pt; text-align: left; }
  </style>
  <h1>Aquaris 400 dishwasher</h1>
  <p>This manual says how the dishwasher is installed, used and looked after.</p>
  <table>
    <tr><th>Programme</th><th>Duration</th><th>Water</th></tr>
    <tr><td>Quick</td><td>38 min</td><td>8 l</td></tr>
    <tr><td>Everyday</td><td>95 min</td><td>10 l</td></tr>
    <tr><td>Thorough</td><td>160 min</td><td>13 l</td></tr>
  </table>
  <h2>Warranty</h2>
  <p>The warranty lasts 3 years from the date of purchase. It does not cover damage by lime scale.</p>
  <h2 class="same">Care of the filter</h2>
  <p>Take the filter out once a month and rinse it under running water.</p>`;
const NOTES = "# Kitchen\n\nThe dishwasher was bought on 4 May 2025. The receipt is in the blue folder.\n";
/** From an export of another assistant, as a user may bring it along. */
const BROUGHT_ALONG = {
  title: "Sorting in Python",
  turns: [
    {
      question: "How do I sort a list of dicts by two keys, and what does it cost?",
      reply:
        'Give `sorted` a **key** that returns a tuple:\n\n```python\npeople = [\n    {"name": "Ada", "born": 1815},\n    {"name": "Alan", "born": 1912},\n]\n\nfor person in sorted(people, key=lambda each: (each["born"], each["name"])):\n    print(person["name"])\n```\n\n| | time | memory |\n|---|---|---|\n| `sorted` | $O(n \\log n)$ | $O(n)$ |\n| `list.sort` | $O(n \\log n)$ | in place |\n\nPython\'s sort is *stable*: what compares equal keeps its order.',
      asked_at: "2026-11-02T09:30:00Z",
    },
  ],
};

const test = base.extend<object, { readonly home: LocalServer }>({
  home: [
    async ({}, use) => {
      const home = await LocalServer.start({ log_level: "ERROR" });
      await use(home);
      await home.stop();
      await home.forget();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  baseURL: async ({ home }, use) => use(home.url),
});

test.use({ viewport: { width: 1200, height: 750 }, reducedMotion: "reduce" });

async function take(page: Page, name: string): Promise<void> {
  // Not a blinking cursor, nor a pointer over something.
  await page.mouse.move(0, 0);
  await page.waitForTimeout(400);
  await page.screenshot({
    path: new URL(`${name}.png`, FOLDER).pathname,
    caret: "hide",
    animations: "disabled",
  });
}

async function printed(page: Page, html: string): Promise<Buffer> {
  await page.setContent(html);
  return page.pdf({ format: "A5" });
}

test("pictures", async ({ page, home, browser }) => {
  await mkdir(FOLDER, { recursive: true });
  await home.post("/conversations/import", BROUGHT_ALONG);
  await home.learn("manuals/dishwasher.pdf", await printed(page, MANUAL));
  await home.learn("notes/kitchen.md", NOTES);
  await page.goto("/");
  await ask(page, "What is the capital of France?");
  await page.getByRole("link", { name: "New chat" }).click();
  await ask(page, "How long does the warranty of the dishwasher last?");
  const answer = answers(page).last();
  const more = answer.getByRole("button", { name: /more passages? read/ });
  if (await more.isVisible()) await more.click();
  await answer
    .getByRole("button", { name: /^Source \d+.*dishwasher\.pdf.* 2$/ })
    .first()
    .click();
  await page.getByText(/is highlighted on page/).waitFor({ state: "attached" });
  await take(page, "source");

  await page.getByRole("button", { name: "Close the source" }).click();
  await page.getByRole("link", { name: "Documents" }).click();
  await page.getByText("dishwasher.pdf").first().waitFor();
  await take(page, "documents");

  await page.getByRole("link", { name: "Costs" }).click();
  await page.getByRole("heading", { name: "By day" }).waitFor();
  await take(page, "costs");

  await page.evaluate(() =>
    localStorage.setItem("chatbot.preferences", JSON.stringify({ welcomed: true, theme: "dark" })),
  );
  await page.goto("/");
  await page.getByRole("link", { name: BROUGHT_ALONG.title }).click();
  await page.locator("math").first().waitFor();
  await take(page, "dark");

  const phone = await browser.newPage({
    viewport: { width: 390, height: 750 },
    isMobile: true,
    hasTouch: true,
  });
  await rememberWelcome(phone);
  await phone.goto(home.url);
  await phone.getByText("What can I do for you?").waitFor();
  await take(phone, "phone");
});

test.describe("a first visit", () => {
  test.use({ welcomed: false });

  test("welcome", async ({ page, home: _ }) => {
    await mkdir(FOLDER, { recursive: true });
    await page.goto("/welcome");
    await page.getByText("A built-in model answers now.").waitFor();
    await take(page, "welcome");
  });
});
