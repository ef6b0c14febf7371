/** A citation opens its source beside the answer, at the passage. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import type { ScriptedModel } from "../support/model.ts";
import type { LocalServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";
import { answers, ask } from "../support/ui.ts";

// Made with fpdf2: three pages under the headings The tower, The harbour and The lamp, The island.
const PDF = await readFile(new URL("../fixtures/log.pdf", import.meta.url));
/** Stands on the second page, far down, in the section of the lamp. */
const PDF_FACT = "replaced on 3 May 1874 by the keeper Agnes Moor";
const TEXT_FACT = "The angle of a rainbow is 42 degrees.";
const QUESTION = "When did the keeper Agnes Moor replace the lamp?";

const panel = (page: Page): Locator => page.getByRole("complementary", { name: "Source" });
/** [n] within the words of the last answer; the list of sources below has buttons of the same name. */
const source = (page: Page, number: number | string, place = ""): Locator =>
  answers(page)
    .last()
    .getByRole("button", { name: new RegExp(`^Source ${number}: .*${place}`) })
    .first();
const ofThePdf = (page: Page): Locator => source(page, "\\d+", "log.pdf, page 2");
const highlight = (page: Page): Locator => panel(page).locator("[data-highlight]");

/** A long text, the fact in its middle. */
const book = (fact: string): string => {
  const chapter = (number: number): string =>
    `## Chapter ${number}\n\n${`Station ${number} measured ${number * 7} bar in summer. `.repeat(6)}\n`;
  const chapters = Array.from({ length: 14 }, (_, number) => chapter(number));
  return `# The book\n\n${chapters.slice(0, 7).join("\n")}\n## Rainbows\n\n${fact}\n\n${chapters.slice(7).join("\n")}`;
};

/** The model cites the passages in which these words stand, each by its number. */
function cites(model: ScriptedModel, ...facts: string[]): void {
  model.answers(({ question }) => {
    const passages = [...question.matchAll(/<passage number="(\d+)"[^>]*>([\s\S]*?)<\/passage>/g)];
    const numberOf = (fact: string): string =>
      passages.find(([, , text = ""]) => text.replace(/\s+/g, " ").includes(fact))?.[1] ?? "none";
    return [facts.map((fact) => `So it is written [${numberOf(fact)}].`).join(" ")];
  });
}

/** The answer rests on the PDF alone. */
async function askAboutThePdf(page: Page, model: ScriptedModel, server: LocalServer): Promise<string> {
  const id = await server.learn("logbooks/log.pdf", PDF);
  cites(model, PDF_FACT);
  await page.goto("/");
  await ask(page, QUESTION);
  return id;
}

test("a passage of a text is highlighted where it stands; closing gives the focus back", async ({
  page,
  model,
  server,
}) => {
  await server.learn("books/rainbow.md", book(TEXT_FACT));
  cites(model, TEXT_FACT);
  await page.goto("/");
  await ask(page, "What is the angle of a rainbow?");
  await source(page, "\\d+", "rainbow.md").click();
  await expect(panel(page).getByRole("heading", { name: "rainbow.md" })).toBeFocused();
  const mark = panel(page).locator("mark").filter({ hasText: "42 degrees" });
  await expect(mark).toBeInViewport();
  await expect(panel(page).getByText("Chapter 0", { exact: false }).first()).not.toBeInViewport();
  await expect(answers(page).last()).toBeInViewport();
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  await expect(source(page, "\\d+", "rainbow.md")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(mark).toBeInViewport();
  await panel(page).getByRole("button", { name: "Close the source" }).click();
  await expect(source(page, "\\d+", "rainbow.md")).toBeFocused();
});

test("a passage of a PDF is highlighted on its page, drawn as it was printed", async ({
  page,
  model,
  server,
}) => {
  await askAboutThePdf(page, model, server);
  await ofThePdf(page).click();
  const second = panel(page).getByRole("article", { name: "Page 2" });
  await expect(second.locator("canvas")).toBeInViewport();
  await expect(second.locator("[data-highlight]").first()).toBeInViewport();
  await expect(panel(page).getByText("The passage is highlighted on page 2.")).toBeAttached();
  const highlighted = await page.evaluate(textBelowHighlights);
  expect(highlighted).toContain(PDF_FACT);
  expect(highlighted).not.toContain("Paragraph 0 about the harbour");
  // Ink: white alone would be a page that was not drawn.
  expect(await second.locator("canvas").evaluate(hasInk)).toBe(true);
  await expect(panel(page).getByRole("textbox", { name: "Page" })).toHaveValue("2");
  await panel(page).getByRole("textbox", { name: "Page" }).fill("3");
  await panel(page).getByRole("textbox", { name: "Page" }).press("Enter");
  await expect(panel(page).getByRole("article", { name: "Page 3" }).locator("canvas")).toBeInViewport();
  await expect(highlight(page).first()).not.toBeInViewport();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    panel(page).getByRole("button", { name: "Download the original file" }).click(),
  ]);
  expect(await readFile(await download.path())).toEqual(PDF);
});

test("one source leads to the next, and back", async ({ page, model, server }) => {
  await server.learn("lamps.md", "# Lamps\n\nThe keeper Agnes Moor replaced the lamp in 1874.\n");
  await server.learn("keepers.md", "# Keepers\n\nThe keeper Agnes Moor replaced the lamp in 1875.\n");
  model.says("In 1874 [1], or in 1875 [2].");
  await page.goto("/");
  await ask(page, QUESTION);
  const [first = "", second = ""] = await Promise.all(
    [1, 2].map(
      async (number) => /\w+\.md/.exec((await source(page, number).getAttribute("aria-label")) ?? "")?.[0],
    ),
  );
  const shown = panel(page).getByRole("heading", { level: 2 });
  await source(page, 1).click();
  await expect(shown).toHaveText(first);
  await expect(panel(page).getByRole("button", { name: "Previous source" })).toBeDisabled();
  await panel(page).getByRole("button", { name: "Next source" }).click();
  await expect(shown).toHaveText(second);
  await expect(panel(page).getByText("Source 2 of 2")).toBeVisible();
  await expect(panel(page).getByRole("button", { name: "Next source" })).toBeDisabled();
  await panel(page).getByRole("button", { name: "Previous source" }).click();
  await expect(shown).toHaveText(first);
  // Another one is opened from the answer while this one is there.
  await source(page, 2).click();
  await expect(shown).toHaveText(second);
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(panel(page)).toBeHidden();
});

test("of a document that was deleted the passage can be read all the same", async ({
  page,
  model,
  server,
  expectedErrors,
}) => {
  expectedErrors.push(/404/);
  const id = await askAboutThePdf(page, model, server);
  await fetch(`${server.url}/documents/${id}`, { method: "DELETE" });
  await ofThePdf(page).click();
  await expect(panel(page)).toContainText("This document is not there any more");
  await expect(panel(page).getByText(PDF_FACT)).toBeVisible();
});

test("of a PDF that is damaged the passage can be read all the same", async ({
  page,
  model,
  server,
  gateway,
}) => {
  await askAboutThePdf(page, model, server);
  gateway.follows((request, response) => {
    if (!/^\/api\/documents\/[^/]+\/content/.test(request.url ?? "")) return false;
    response.writeHead(200, { "content-type": "application/octet-stream" }).end("%PDF-1.7 and then rubbish");
    return true;
  });
  await ofThePdf(page).click();
  await expect(panel(page)).toContainText("This PDF is damaged and cannot be shown here.");
  await expect(panel(page).getByText(PDF_FACT)).toBeVisible();
});

test("a connection that breaks while a source is fetched leaves the passage, and a way to try again", async ({
  page,
  model,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/ERR_|Failed to load resource/);
  await askAboutThePdf(page, model, server);
  gateway.drops(({ url }) => url?.startsWith("/api/documents/"));
  await ofThePdf(page).click();
  await expect(panel(page).getByRole("button", { name: "Try again" })).toBeVisible();
  await expect(panel(page).getByText(PDF_FACT)).toBeVisible();
  gateway.follows();
  await panel(page).getByRole("button", { name: "Try again" }).click();
  await expect(highlight(page).first()).toBeInViewport();
});

test.describe("on a narrow screen", () => {
  test.use({ viewport: { width: 390, height: 800 }, hasTouch: true });

  test("a source lies over the page, keeps the keyboard within, and Escape leads back", async ({
    page,
    model,
    server,
  }) => {
    await askAboutThePdf(page, model, server);
    await ofThePdf(page).tap();
    await expect(highlight(page).first()).toBeInViewport();
    expect(
      await panel(page).evaluate((element) => element.getBoundingClientRect().width / innerWidth),
    ).toBeGreaterThan(0.95);
    for (let step = 0; step < 12; step += 1) {
      await page.keyboard.press("Tab");
      expect(await panel(page).evaluate((element) => element.contains(document.activeElement))).toBe(true);
    }
    await page.keyboard.press("Escape");
    await expect(panel(page)).toBeHidden();
    await expect(ofThePdf(page)).toBeFocused();
  });
});

/** What of the page's text layer lies below the highlighted boxes. Runs in the page. */
function textBelowHighlights(): string {
  const boxes = [...document.querySelectorAll("[data-highlight]")].map((box) => box.getBoundingClientRect());
  const spans = [...document.querySelectorAll("[data-highlight] ~ div span")].filter((span) => {
    const { left, right, top, bottom } = span.getBoundingClientRect();
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    return boxes.some((box) => x > box.left && x < box.right && y > box.top && y < box.bottom);
  });
  return spans
    .map((span) => span.textContent)
    .join(" ")
    .replace(/\s+/g, " ");
}

/** Whether anything dark was drawn. Runs in the page. */
function hasInk(element: Element): boolean {
  const canvas = element as HTMLCanvasElement;
  const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? {
    data: new Uint8ClampedArray(),
  };
  return data.some((value, index) => index % 4 === 0 && value < 100);
}
