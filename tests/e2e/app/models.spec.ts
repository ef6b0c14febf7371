/** Several models: what each costs, which one answers. */
import type { Locator } from "@playwright/test";
import type { ScriptedModel } from "../support/model.ts";
import { LocalServer } from "../support/server.ts";
import { test as base, expect } from "../support/test.ts";
import { answers, ask } from "../support/ui.ts";

/** The built-in one is the default; of Bedrock's one the price is known, and it is not asked here. */
const test = base.extend<object, { readonly several: LocalServer; readonly sharedModel: ScriptedModel }>({
  several: [
    async ({ sharedModel }, use) => {
      const others = `openai:scripted@${sharedModel.url},bedrock:global.anthropic.claude-haiku-5-5`;
      const server = await LocalServer.start({ model: "builtin", other_models: others, log_level: "ERROR" });
      await use(server);
      await server.stop();
      await server.forget();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  baseURL: async ({ several }, use) => use(several.url),
});

test("each is listed with its price, the chosen one answers, and another one answers again", async ({
  page,
  model,
}) => {
  model.says("I am the scripted one");
  const asked: unknown[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/api/chat"))
      asked.push((request.postDataJSON() as { model?: string }).model);
  });
  await page.goto("/");
  await page.getByRole("button", { name: "Model: Built-in model. Choose another" }).click();
  const option = (name: string): Locator =>
    page.getByRole("listbox", { name: "Models" }).getByRole("option", { name });
  await expect(option("Built-in model")).toContainText("default");
  await expect(option("Built-in model")).toContainText("free");
  await expect(option("Claude Haiku 5.5")).toContainText("$0.10 in, $0.50 out per million tokens");
  await expect(option("scripted")).toContainText("price not known");
  await option("scripted").click();
  await expect(page.getByRole("button", { name: "Model: scripted. Choose another" })).toBeFocused();
  await ask(page, "Who are you?");
  await expect(answers(page)).toContainText("I am the scripted one");
  await answers(page).last().getByRole("button", { name: "Answer again with another model" }).click();
  await page.getByRole("menuitem", { name: "With Built-in model" }).click();
  await expect(answers(page).last()).toContainText(/Built-in model\s*\d+ tokens in, \d+ out\s*free/, {
    timeout: 30_000,
  });
  expect(asked).toEqual([expect.stringMatching(/^openai:scripted@/), "builtin"]);
  await page.reload();
  await expect(page.getByRole("button", { name: /^Model: scripted/ })).toBeVisible();
});
