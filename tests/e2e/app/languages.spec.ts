/** German everywhere: no sentence of the English texts is left on any page. */
import { readdir, readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { EVERYTHING } from "../support/samples.ts";
import { expect, test } from "../support/test.ts";
import { loaded } from "../support/ui.ts";

const TEXTS = new URL("../../../web/src/i18n/", import.meta.url);

type Texts = { readonly [key: string]: string | Texts };

/** All texts of a language, by their keys. */
async function textsOf(language: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of await readdir(new URL(`${language}/`, TEXTS))) {
    const gather = (group: Texts, path: string): void => {
      for (const [key, value] of Object.entries(group)) {
        if (typeof value === "string") texts.set(`${path}.${key}`, value);
        else gather(value, `${path}.${key}`);
      }
    };
    gather(JSON.parse(await readFile(new URL(`${language}/${name}`, TEXTS), "utf8")) as Texts, name);
  }
  return texts;
}

/** English texts that are no German ones, too, as patterns: what stands for a value may be anything. */
async function foreignTexts(): Promise<RegExp[]> {
  const german = new Set((await textsOf("de")).values());
  const english = [...(await textsOf("en")).values()].filter(
    (text) => !german.has(text) && /[a-z]{3}/i.test(text.replace(/\{\{\w+\}\}/g, "")),
  );
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return english.map(
    (text) =>
      new RegExp(
        `^${text
          .split(/\{\{\w+\}\}|<\/?\w+>/)
          .map(escaped)
          .join(".*")}$`,
      ),
  );
}

/** What is written on the page, and what names its parts. */
async function writtenOn(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const attributes = [...document.querySelectorAll("*")].flatMap((element) =>
      ["aria-label", "title", "placeholder", "aria-description"].map(
        (name) => element.getAttribute(name) ?? "",
      ),
    );
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: string[] = [document.title];
    while (walker.nextNode()) texts.push(walker.currentNode.textContent ?? "");
    return [...attributes, ...texts].map((text) => text.trim()).filter(Boolean);
  });
}

test("every page speaks German, with nothing English left", async ({ page, model, server }) => {
  const foreign = await foreignTexts();
  expect(foreign.length).toBeGreaterThan(300);
  for (const english of ["New chat", "Delete rainbow.md", "2 documents"])
    expect(
      foreign.some((pattern) => pattern.test(english)),
      english,
    ).toBe(true);
  const expectGerman = async (where: string): Promise<void> => {
    await loaded(page);
    const left = (await writtenOn(page)).filter((text) => foreign.some((pattern) => pattern.test(text)));
    expect(left, where).toEqual([]);
  };
  await page.addInitScript(() =>
    localStorage.setItem("chatbot.preferences", JSON.stringify({ welcomed: true, language: "de" })),
  );
  await server.learn("regenbogen.md", "# Regenbogen\n\nThe angle of a rainbow is 42 degrees.\n");
  await server.learn("kaputt.pdf", "no PDF").catch(() => undefined);
  model.says(`${EVERYTHING}\n\nIt is 42 degrees [1].`, 0);

  await page.goto("/");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expectGerman("a new chat");
  await page.getByRole("textbox", { name: "Deine Nachricht" }).fill("What is the angle of a rainbow?");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Antwort kopieren" })).toBeVisible();
  await page
    .getByRole("button", { name: /^Quelle 1: regenbogen\.md/ })
    .first()
    .click();
  await expect(page.locator("mark").first()).toBeVisible();
  await expectGerman("an answer with its source");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Aktionen für/ }).click();
  await expectGerman("the menu of a conversation");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Modell: / }).click();
  await expectGerman("the choice of a model");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Dokumente: alle" }).click();
  await page.getByRole("radio", { name: /nur/i }).check();
  await expectGerman("the choice of documents");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+/");
  await expect(page.getByRole("dialog")).toBeVisible();
  await expectGerman("the sheet of shortcuts");
  await page.keyboard.press("Escape");
  for (const path of ["/library", "/costs", "/settings", "/welcome"]) {
    await page.goto(path);
    await expectGerman(path);
  }
});

test("numbers are written as the language writes them", async ({ page }) => {
  await page.addInitScript(() =>
    localStorage.setItem("chatbot.preferences", JSON.stringify({ welcomed: true, language: "de" })),
  );
  await page.goto("/");
  await page.getByRole("textbox", { name: "Deine Nachricht" }).fill("x".repeat(32_001));
  await expect(page.getByText(/32\.000/).first()).toBeVisible();
});
