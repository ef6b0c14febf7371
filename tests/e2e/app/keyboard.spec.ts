/** All of it without a mouse, and what a screen reader is told meanwhile. */
import type { Locator, Page } from "@playwright/test";
import { slowly } from "../support/model.ts";
import { expect, test } from "../support/test.ts";
import { answered, answers, ask, composer, conversationLink, send, sidebar } from "../support/ui.ts";

/** Presses the key until the element has the focus, as somebody does who looks for it. */
async function goTo(page: Page, target: Locator, key = "Tab"): Promise<void> {
  const isThere = (): Promise<boolean> => target.evaluate((element) => element === document.activeElement);
  for (let step = 0; step < 40 && !(await isThere()); step += 1) await page.keyboard.press(key);
  await expect(target).toBeFocused();
}

/** What has the focus is seen to have it. */
async function expectFocusSeen(page: Page): Promise<void> {
  const unseen = await page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "nothing has the focus";
    // A field shows it on the box around it.
    const reach = element.matches("input, textarea") ? 3 : 0;
    for (
      let each: Element | null = element, up = 0;
      each && up <= reach;
      each = each.parentElement, up += 1
    ) {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
      if ((outlineStyle !== "none" && outlineWidth !== "0px") || (up > 0 && boxShadow !== "none")) return "";
    }
    return element.outerHTML.slice(0, 160);
  });
  expect(unseen).toBe("");
}

const hasFocusWithin = (place: Locator): Promise<boolean> =>
  place.evaluate((element) => element.contains(document.activeElement));

test("the way in: past the sidebar, a question, its answer, its source, and back", async ({
  page,
  model,
  server,
}) => {
  await server.learn("rainbow.md", "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n");
  model.says("It is 42 degrees [1].");
  await page.goto("/library");
  await expect(page.getByRole("button", { name: "Preview rainbow.md" })).toBeVisible();
  const skip = page.getByRole("link", { name: "Skip to the page" });
  await expect(skip).not.toBeInViewport();
  await page.keyboard.press("Tab");
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect(await hasFocusWithin(page.getByRole("main"))).toBe(true);

  await page.keyboard.press("Control+Shift+O");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.type("What is the angle of a rainbow?");
  await page.keyboard.press("Enter");
  await answered(page);
  await expect(composer(page)).toBeFocused();
  const citation = answers(page).last().getByRole("button", { name: "Source 1: rainbow.md" }).first();
  await goTo(page, citation, "Shift+Tab");
  await expectFocusSeen(page);
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Source" });
  await expect(panel.getByRole("heading", { level: 2 })).toBeFocused();
  await goTo(page, panel.getByRole("button", { name: "Close the source" }), "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(citation).toBeFocused();
});

test("every stop of the Tab key shows that it has the focus, and none is a trap", async ({
  page,
  server,
}) => {
  const id = await server.remember("The first", [["One?", "One."]]);
  await page.goto(`/c/${id}`);
  await expect(answers(page)).toHaveCount(1);
  await expect(composer(page)).toBeFocused();
  const stops: string[] = [];
  // Round, past the browser's own stops, to where it began.
  for (let step = 0; step < 60 && stops.at(-1) !== "Your message"; step += 1) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const { activeElement, body } = document;
      return activeElement === body
        ? ""
        : (activeElement?.getAttribute("aria-label") ?? activeElement?.textContent ?? "");
    });
    if (name === "") continue;
    stops.push(name);
    await expectFocusSeen(page);
  }
  for (const name of [
    "Skip to the page",
    "New chat",
    "Search conversations",
    "The first",
    "Documents",
    "Costs",
    "Settings",
    "Copy the answer",
    "Your message",
  ]) {
    expect(stops).toContain(name);
  }
});

test("conversations by arrows; menus and renaming give the focus back; deleting leaves it in the list", async ({
  page,
  server,
}) => {
  await server.remember("The oldest", [["One?", "One."]], "2026-01-01T00:00:00Z");
  await server.remember("The middle", [["Two?", "Two."]], "2026-01-02T00:00:00Z");
  await server.remember("The newest", [["Three?", "Three."]], "2026-01-03T00:00:00Z");
  await page.goto("/");
  await expect(conversationLink(page, "The newest")).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.press("ArrowDown");
  await expect(conversationLink(page, "The newest")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(conversationLink(page, "The middle")).toBeFocused();
  await page.keyboard.press("Tab");
  const menuButton = page.getByRole("button", { name: "Actions for The middle" });
  await expect(menuButton).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await page.keyboard.press("End");
  await expect(page.getByRole("menuitem", { name: "Delete" })).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Rename" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(menuButton).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "New title" })).toBeFocused();
  await page.keyboard.type("The second");
  await page.keyboard.press("Enter");
  await expect(conversationLink(page, "The second")).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(conversationLink(page, "The second")).toBeHidden();
  expect(await hasFocusWithin(sidebar(page))).toBe(true);
  await expectFocusSeen(page);
  await page.keyboard.press("Enter");
  await expect(answers(page)).toHaveCount(1);
});

test("dialogs and lists keep the focus within, and give it back", async ({ page, server }) => {
  await server.learn("rainbow.md", "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n");
  await page.goto("/");
  await expect(composer(page)).toBeFocused();
  const opener = page.getByRole("button", { name: "Documents: all" });
  await goTo(page, opener);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Documents for this conversation" });
  await expect(dialog).toBeVisible();
  await goTo(page, dialog.getByRole("radio", { name: "All documents" }));
  await page.keyboard.press("ArrowDown");
  await expect(dialog.getByRole("radio", { name: "Only those chosen here" })).toBeChecked();
  await goTo(page, dialog.getByRole("checkbox", { name: /rainbow\.md/ }));
  await page.keyboard.press("Space");
  await expect(dialog.getByText("1 of at most")).toBeVisible();
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Tab");
    // The browser's own controls are a stop on the way round; the page behind is none.
    expect(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement?.closest("dialog") !== null,
      ),
    ).toBe(true);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByRole("button", { name: "Documents: 1 chosen" })).toBeFocused();
  const models = page.getByRole("button", { name: /^Model: / });
  await goTo(page, models);
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("option", { name: /scripted/ })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(models).toBeFocused();
  await page.keyboard.press("Control+/");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(models).toBeFocused();
});

test("a screen reader is told that an answer is written and how it begins, not every word on the way", async ({
  page,
  model,
}) => {
  await page.goto("/");
  await ask(page, "first");
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(window, { said });
    const listen = (): void => {
      for (const region of document.querySelectorAll(
        "[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]",
      )) {
        const text = region.textContent?.trim() ?? "";
        if (text && said.at(-1) !== text) said.push(text);
      }
    };
    listen();
    said.length = 0;
    new MutationObserver(listen).observe(document.body, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  model.answers(() => slowly("Roses are red, violets are blue. ".repeat(8), 5));
  await send(page, "A poem, please");
  await answered(page);
  const said = await page.evaluate(() => (window as unknown as { said: string[] }).said);
  const aboutIt = said.filter(
    (text) => /^(Answering|Answer complete|The answer)/.test(text) && !text.includes("first"),
  );
  expect(aboutIt).toEqual([
    "Answering",
    expect.stringMatching(/^Answer complete: Roses are red, violets are blue\./),
  ]);
  expect(said.filter((text) => text.includes("Roses"))).toHaveLength(1);
});

test("a screen reader is told of a failure, and of what was deleted", async ({
  page,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource|ERR_/);
  await server.remember("The first", [["One?", "One."]]);
  await page.goto("/");
  gateway.drops((request) => request.url === "/api/chat");
  await send(page, "Is anybody there?");
  await expect(
    page.getByRole("status").filter({ hasText: "Not answered. There is no connection to the server." }),
  ).toBeAttached();
  await conversationLink(page, "The first").press("Delete");
  await expect(page.getByRole("region", { name: "Notices" })).toHaveAttribute("aria-live", "polite");
  await expect(page.getByRole("region", { name: "Notices" })).toContainText("Deleted: The first");
});
