/** As a new user meets it: the real server with its built-in model, nothing scripted, nothing between. */
import { LocalServer } from "../support/server.ts";
import { test as base, expect } from "../support/test.ts";
import { answers, ask, composer } from "../support/ui.ts";

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

test.describe("a first visit", () => {
  test.use({ welcomed: false });

  test("the first page says who answers; the first answer is a real one, and is free", async ({ page }) => {
    await page.goto("/");
    await expect(page).toHaveURL(/\/welcome$/);
    await expect(page.getByText("A built-in model answers now.")).toBeVisible();
    await page.getByText("Ollama", { exact: true }).click();
    await expect(
      page
        .getByText(/CHATBOT_MODEL=openai:/)
        .filter({ visible: true })
        .first(),
    ).toBeVisible();
    await page
      .getByRole("link", { name: "Start" })
      .or(page.getByRole("button", { name: "Start" }))
      .click();
    await expect(composer(page)).toBeFocused();
    await ask(page, "What is the capital of France?");
    await expect(answers(page).last()).toContainText("Paris");
    await expect(answers(page).last()).toContainText("free");
  });
});

test.describe("with the built-in model", () => {
  test("a document that is dropped in is found, read and cited", async ({ page, home }) => {
    await home.learn(
      "manuals/dishwasher.md",
      "# Dishwasher\n\n## Warranty\n\nThe warranty lasts 3 years from the date of purchase.\n",
    );
    await page.goto("/");
    await ask(page, "How long does the warranty of the dishwasher last?");
    // So small a model sets no markers, mostly; what it read can be looked at all the same.
    const answer = answers(page).last();
    const more = answer.getByRole("button", { name: /more passages? read/ });
    if (await more.isVisible()) await more.click();
    await answer
      .getByRole("button", { name: /^Source 1\b.*dishwasher\.md/ })
      .first()
      .click();
    await expect(page.getByRole("complementary", { name: "Source" })).toContainText("3 years");
  });
});
