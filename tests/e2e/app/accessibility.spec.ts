/** axe-core finds nothing on any screen, in either theme. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { expectAccessible } from "../support/accessibility.ts";
import { chooseFiles, file } from "../support/files.ts";
import { asksForKey } from "../support/gateway.ts";
import { Refusal } from "../support/model.ts";
import { EVERYTHING } from "../support/samples.ts";
import { expect, test } from "../support/test.ts";
import { answered, answers, composer, conversationLink, loaded, send, sidebar } from "../support/ui.ts";

// Each journey is one test; without motion no colour is on its way from one theme to the other.
test.describe.configure({ mode: "parallel" });
test.use({ reducedMotion: "reduce" });

const PDF = await readFile(new URL("../fixtures/log.pdf", import.meta.url));
const RAINBOW = "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n";
const source = (page: Page): Locator =>
  answers(page)
    .last()
    .getByRole("button", { name: /^Source 1: / })
    .first();
const panel = (page: Page): Locator => page.getByRole("complementary", { name: "Source" });

async function expectBothThemes(page: Page, screen: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expect(page.locator("html")).toHaveAttribute("data-theme", colorScheme);
    await expectAccessible(page, `${screen}, ${colorScheme}`);
  }
}

test("a new chat, menus, and a conversation that is not there", async ({ page, server, expectedErrors }) => {
  expectedErrors.push(/404/);
  await server.remember("The first", [["One?", "One."]]);
  await page.goto("/");
  await expect(conversationLink(page, "The first")).toBeVisible();
  await expectBothThemes(page, "a new chat");
  await conversationLink(page, "The first").hover();
  await page.getByRole("button", { name: "Actions for The first" }).click();
  await expectBothThemes(page, "the menu of a conversation");
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("textbox", { name: "New title" }).fill("");
  await page.getByRole("textbox", { name: "New title" }).press("Enter");
  await expectBothThemes(page, "a title that cannot be");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Model: / }).click();
  await expectBothThemes(page, "the choice of a model");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+/");
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectBothThemes(page, "the sheet of shortcuts");
  await page.keyboard.press("Escape");
  await page.goto("/c/never-was");
  await expect(page.getByText("There is no such conversation").first()).toBeVisible();
  await expectBothThemes(page, "a conversation that is not there");
});

test("answers with everything in them, a changed question, a turn that failed", async ({
  page,
  model,
  expectedErrors,
}) => {
  expectedErrors.push(/502/);
  model.says(EVERYTHING, 0);
  await page.goto("/");
  await send(page, "Show me everything");
  await answered(page);
  await expect(answers(page).locator("math").first()).toBeVisible();
  await expectBothThemes(page, "an answer with everything in it");
  await composer(page).press("ArrowUp");
  await expect(page.getByRole("textbox", { name: "Your question, changed" })).toBeFocused();
  await expectBothThemes(page, "a question that is being changed");
  await page.keyboard.press("Escape");
  model.answers(() => {
    throw new Refusal(500);
  });
  await send(page, "And now?");
  await expect(page.getByRole("region", { name: "Not answered" })).toBeVisible();
  await composer(page).fill("x".repeat(32_001));
  await expectBothThemes(page, "a turn that failed, and a message that is too long");
});

test("documents: none, ready, failed, on their way, chosen, and the choice for a conversation", async ({
  page,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/4\d\d/);
  await page.goto("/library");
  await expect(page.getByRole("heading", { name: "No documents yet" })).toBeVisible();
  await expectBothThemes(page, "an empty library");
  await server.learn("folder/rainbow.md", RAINBOW);
  await server.learn("broken.pdf", "no PDF").catch(() => undefined);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gateway.follows(async (request) => {
    if (request.method === "PUT") await held;
    return false;
  });
  await page.reload();
  await chooseFiles(page, page.getByRole("button", { name: "Add files" }), [
    file("tea.txt", "Tea is green."),
    file("setup.exe", "MZ"),
  ]);
  await expect(page.getByRole("region", { name: "Uploads" })).toContainText(/Uploading/);
  await expect(page.getByRole("region", { name: "Your documents" })).toContainText("Failed");
  await page.getByRole("checkbox", { name: "Select folder/rainbow.md" }).check();
  await expectBothThemes(page, "documents in every state");
  await page.getByRole("link", { name: "New chat" }).click();
  await page.getByRole("button", { name: "Documents: all" }).click();
  await page.getByRole("radio", { name: "Only those chosen here" }).check();
  await page.getByRole("checkbox", { name: /rainbow\.md/ }).check();
  await expectBothThemes(page, "the choice of documents");
  release();
});

test("a source: text, PDF, and a notice above it", async ({ page, model, server }) => {
  await server.learn("rainbow.md", RAINBOW);
  model.says("It is 42 degrees [1].");
  await page.goto("/");
  await send(page, "What is the angle of a rainbow?");
  await answered(page);
  await source(page).click();
  await expect(panel(page).locator("mark").first()).toBeVisible();
  await expectBothThemes(page, "a source that is text");
  await server.learn("log.pdf", PDF);
  await page.goto("/library");
  await page.getByRole("button", { name: "Preview log.pdf" }).click();
  await expect(panel(page).locator("canvas").first()).toBeVisible();
  await page.getByRole("button", { name: "Delete rainbow.md" }).click();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await expectBothThemes(page, "a PDF, and a notice");
});

test("costs, settings, the first page, an import, and a key that is asked for", async ({
  page,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/403/);
  const { conversation_id } = await server.say("What does it cost?");
  await page.goto("/costs");
  await page.getByText("As a table").click();
  await expectBothThemes(page, "costs");
  await page.goto("/settings");
  await expect(page.getByRole("heading", { name: "Settings" })).toBeVisible();
  await loaded(page);
  await expectBothThemes(page, "settings");
  await page.getByRole("button", { name: "Import..." }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectBothThemes(page, "an import");
  const exported = await (
    await fetch(`${server.url}/conversations/${conversation_id}/export?format=json`)
  ).text();
  await chooseFiles(page, page.getByRole("button", { name: "Choose files" }), [file("one.json", exported)]);
  await expect(page.getByRole("listitem").getByText("Already here")).toBeVisible();
  await expectBothThemes(page, "what an import holds");
  await page.goto("/welcome");
  await page.getByText("Ollama", { exact: true }).click();
  await expectBothThemes(page, "the first page");
  gateway.follows(asksForKey("a-secret-key"));
  await page.goto("/");
  await expect(page.getByRole("dialog", { name: "API key needed" })).toBeVisible();
  await page.getByLabel("API key of the server").fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByText(/The server refuses this key/)).toBeVisible();
  await expectBothThemes(page, "a key that is asked for");
  await page.getByRole("button", { name: "Later" }).click();
  await expect(page.getByText("The server asks for an API key.").first()).toBeVisible();
  await expectBothThemes(page, "a key that was put off");
});

test.describe("on a telephone", () => {
  test.use({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });

  test("the drawer, an answer, a source over the page", async ({ page, model, server }) => {
    await server.learn("rainbow.md", RAINBOW);
    model.says("It is 42 degrees [1].");
    await page.goto("/");
    await send(page, "What is the angle of a rainbow?");
    await answered(page);
    await expectBothThemes(page, "an answer on a telephone");
    await page.getByRole("button", { name: "Open the sidebar" }).click();
    await expect(conversationLink(page, /rainbow/)).toBeInViewport();
    await expectBothThemes(page, "the drawer");
    await page.keyboard.press("Escape");
    await source(page).click();
    await expect(panel(page).locator("mark").first()).toBeVisible();
    await expectBothThemes(page, "a source over the page");
  });
});

for (const [name, language, direction] of [
  ["in German", "de", "ltr"],
  ["from right to left", "en", "rtl"],
] as const) {
  test(`every kind of page ${name}`, async ({ page, server }) => {
    await page.addInitScript(
      ([chosen, dir]) => {
        localStorage.setItem("chatbot.preferences", JSON.stringify({ welcomed: true, language: chosen }));
        new MutationObserver(() => {
          if (document.documentElement.dir !== dir) document.documentElement.dir = dir;
        }).observe(document, { childList: true, subtree: true, attributes: true });
      },
      [language, direction] as const,
    );
    await server.learn("rainbow.md", RAINBOW);
    const id = await server.remember("Everything", [["Show me everything", EVERYTHING]]);
    for (const path of [`/c/${id}`, "/library", "/costs", "/settings", "/welcome"]) {
      await page.goto(path);
      await loaded(page);
      await expect(page.locator("html")).toHaveAttribute("dir", direction);
      await expectAccessible(page, `${path} ${name}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path).toBe(true);
    }
    // The sidebar is where the language begins.
    const box = await sidebarOf(page).boundingBox();
    if (direction === "rtl") expect(box?.x).toBeGreaterThan(640);
    else expect(box?.x).toBe(0);
  });
}

const sidebarOf = (page: Page): Locator =>
  sidebar(page).or(page.getByRole("complementary", { name: "Seitenleiste" }));
