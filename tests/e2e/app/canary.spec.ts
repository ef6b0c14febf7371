/** Nothing that a model or a document says makes the browser ask anybody anything, unless the user clicks it. */
import { readFile } from "node:fs/promises";
import { Canary } from "../support/canary.ts";
import { slowly } from "../support/model.ts";
import { expect, test } from "../support/test.ts";
import { answered, answers, send } from "../support/ui.ts";

interface Sample {
  readonly name: string;
  readonly markdown: string;
}

const SAMPLES = JSON.parse(
  await readFile(new URL("../fixtures/hostile-markdown.json", import.meta.url), "utf8"),
) as Sample[];

test.describe("the canary", () => {
  let canary: Canary;
  test.beforeEach(async () => {
    canary = await Canary.start();
  });
  test.afterEach(async () => {
    await canary.stop();
  });

  const told = (sample: Sample): string => sample.markdown.replaceAll("{{CANARY}}", canary.host);

  test("there are at least a hundred samples", () => {
    expect(SAMPLES.length).toBeGreaterThanOrEqual(100);
    expect(new Set(SAMPLES.map((sample) => sample.name)).size).toBe(SAMPLES.length);
  });

  test("hears nothing of saved answers, however hostile", async ({ page, server }) => {
    const began = Date.parse("2026-01-01T00:00:00Z");
    const turns = SAMPLES.map((sample, index) => ({
      question: `sample ${index}: ${sample.name}`,
      // The API refuses NUL and halves of characters, so no saved answer has one.
      reply: told(sample).replaceAll("\0", "").slice(0, 64_000).toWellFormed() || "empty",
      asked_at: new Date(began + index * 60_000).toISOString(),
    }));
    let conversationId: string | undefined;
    for (let first = 0; first < turns.length; first += 25) {
      const part = turns.slice(first, first + 25);
      const body = {
        title: `<img src=//${canary.host}/title>`,
        turns: part,
        ...(conversationId ? { conversation_id: conversationId } : {}),
      };
      conversationId = (await server.post<{ conversation_id: string }>("/conversations/import", body))
        .conversation_id;
    }
    let dialogs = 0;
    page.on("dialog", (dialog) => {
      dialogs += 1;
      void dialog.dismiss();
    });
    await page.goto(`/c/${conversationId}`);
    const last = `sample ${SAMPLES.length - 1}:`;
    await expect(page.getByText(last)).toBeVisible();
    // Upwards past every sample: those that are not near the window are not on the page.
    const seen = new Set<string>();
    for (let step = 0; step < 600 && !seen.has("0"); step += 1) {
      for (const label of await page.getByText(/^sample \d+:/).allTextContents())
        seen.add(/\d+/.exec(label)?.[0] ?? "");
      await page.mouse.move(700, 400);
      await page.mouse.wheel(0, -450);
      await page.waitForTimeout(20);
    }
    expect(seen.size, "samples that were on the page").toBe(SAMPLES.length);
    expect(page.url()).toContain(`/c/${conversationId}`);
    expect({ dialogs, pages: page.context().pages().length, requests: canary.requests }).toEqual({
      dialogs: 0,
      pages: 1,
      requests: [],
    });
  });

  test("hears nothing of answers that are streamed, half-finished at every moment", async ({
    page,
    model,
  }) => {
    const short = SAMPLES.map(told).filter((markdown) => markdown.length < 400);
    model.answers(() => slowly(short.join("\n\n"), 1));
    await page.goto("/");
    await send(page, "Tell me everything");
    await answered(page);
    await page.waitForLoadState("networkidle");
    expect(canary.requests).toEqual([]);
  });

  test("hears nothing of a document, its name, or its passage beside the answer", async ({
    page,
    model,
    server,
  }) => {
    const hostile = `# Lighthouse\n\nThe lighthouse of Alexandria was built in 280 BC. ![x](http://${canary.host}/d.png) <img src="http://${canary.host}/h.png">\n`;
    await server.learn(`<img src=x onerror=alert(1)> ${"lighthouse"}.md`, hostile);
    model.says("It was built in 280 BC [1].");
    await page.goto("/");
    await send(page, "When was the lighthouse of Alexandria built?");
    await answered(page);
    await page
      .getByRole("button", { name: /^Source 1/ })
      .first()
      .click();
    await expect(
      page
        .getByRole("complementary", { name: "Source" })
        .getByText(/280 BC/)
        .filter({ visible: true })
        .first(),
    ).toBeVisible();
    expect(canary.requests).toEqual([]);
  });

  test("is asked after a click on a link, and is told nothing of where the click was", async ({
    page,
    model,
    expectedErrors,
  }) => {
    model.says(`Look at [the manual](http://${canary.host}/manual).`);
    await page.goto("/");
    await send(page, "Where is the manual?");
    await answered(page);
    const answer = answers(page).last();
    await expect(answer).toContainText(canary.host);
    expect(canary.requests).toEqual([]);
    const opened = page.context().waitForEvent("page");
    await answer.getByRole("link", { name: /the manual/ }).click();
    const other = await opened;
    await other.waitForLoadState();
    expect(canary.requests).toContain("GET /manual");
    expect(canary.referrers).toEqual([undefined]);
    expect(await other.evaluate(() => window.opener)).toBeNull();
    expectedErrors.push(new RegExp(`request to http://${canary.host}`));
  });
});
