/** What is around the chat: the first page, models, costs, settings, shortcuts, small windows. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { slowly } from "../support/model.ts";
import { EVERYTHING } from "../support/samples.ts";
import { expect, test } from "../support/test.ts";
import {
  answered,
  answers,
  ask,
  composer,
  conversationLink,
  loaded,
  messages,
  questions,
  send,
  sidebar,
  stopButton,
} from "../support/ui.ts";
import { unzip } from "../support/zip.ts";

const theme = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.documentElement.dataset.theme);

async function chooseFromMenu(page: Page, menu: string, item: string): Promise<void> {
  await sidebar(page).getByRole("button", { name: menu, exact: true }).click();
  await page.getByRole("menuitemradio", { name: item }).click();
}

test.describe("a first visit", () => {
  test.use({ welcomed: false });

  test("whoever has conversations already, or comes by a link, is not led to the first page", async ({
    page,
    server,
  }) => {
    await page.goto("/");
    await expect(page).toHaveURL("/welcome");
    await expect(page).toHaveTitle("Welcome - Chatbot");
    await expect(page.getByText("scripted answers now.")).toBeVisible();
    await page.goto("/library");
    await expect(page).toHaveURL("/library");
    await expect(page).toHaveTitle("Documents - Chatbot");
    await server.remember("From elsewhere", [["Hello?", "Hello."]]);
    await page.goto("/");
    await expect(composer(page)).toBeVisible();
    await expect(page).toHaveURL("/");
    await expect(page).toHaveTitle("New chat - Chatbot");
  });
});

test("tokens and costs stand below the answer and on the page of costs, as the server counts them", async ({
  page,
  server,
}) => {
  const before = ((await server.get("/usage?days=31")) as { total: { turns: number } }).total.turns;
  await page.goto("/");
  await ask(page, "How much is it?");
  await ask(page, "And now?");
  await expect(answers(page).last()).toContainText(/scripted\s*40 tokens in, \d+ out\s*price not known/);
  await page.getByRole("link", { name: "Costs" }).click();
  await expect(page).toHaveTitle("Costs - Chatbot");
  const { total } = (await server.get("/usage?days=31")) as {
    total: { turns: number; input_tokens: number; output_tokens: number };
  };
  expect(total.turns).toBe(before + 2);
  const card = (name: string): Locator =>
    page
      .getByRole("region", { name: "In total" })
      .locator("div")
      .filter({ has: page.getByText(name, { exact: true }) });
  await expect(card("Answers").getByRole("definition").first()).toHaveText(String(total.turns));
  await expect(card("Tokens").getByRole("definition").first()).toHaveText(
    (total.input_tokens + total.output_tokens).toLocaleString("en"),
  );
  await expect(card("Cost").first()).toContainText("price not known");
  const line = page.getByRole("region", { name: "By model" }).getByRole("row", { name: /scripted/ });
  await expect(line).toContainText(total.input_tokens.toLocaleString("en"));
});

test("money is added up by day and by model, and the month is estimated", async ({ page, gateway }) => {
  const today = new Date().toISOString().slice(0, 10);
  const row = {
    day: today,
    model: "bedrock:global.anthropic.claude-haiku-5-5",
    turns: 3,
    input_tokens: 1_000_000,
    output_tokens: 200_000,
    cache_read_tokens: 0,
    cost_usd: 0.2,
  };
  const rows = [row, { ...row, model: "openai:other@http://127.0.0.1/v1", cost_usd: undefined }];
  gateway.follows((request, response) => {
    if (!request.url?.startsWith("/api/usage")) return false;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ days: rows, total: { ...row, turns: 6, cost_usd: 0.2 } }));
    return true;
  });
  await page.goto("/costs");
  await expect(page.getByText("at least $0.20").first()).toBeVisible();
  await expect(page.getByRole("row", { name: /Claude Haiku 5\.5/ })).toContainText("$0.20");
  await expect(page.getByRole("row", { name: /other/ })).toContainText("price not known");
  await page.getByText("As a table").click();
  await expect(page.getByRole("region", { name: "By day" }).getByRole("row").last()).toContainText(
    "2,400,000",
  );
});

test("theme and language are chosen once, and hold after a reload", async ({ page }) => {
  await page.goto("/");
  expect(await theme(page)).toBe("light");
  await chooseFromMenu(page, "Theme", "Dark");
  await expect.poll(() => theme(page)).toBe("dark");
  await chooseFromMenu(page, "Language", "Deutsch");
  await expect(page.getByRole("link", { name: "Neuer Chat" })).toBeVisible();
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  expect(await theme(page)).toBe("dark");
  await page.goto("/settings");
  await page.getByRole("group", { name: "Sprache" }).getByRole("radio", { name: "English" }).check();
  await page.getByRole("group", { name: "Theme" }).getByRole("radio", { name: "As the system" }).check();
  await expect.poll(() => theme(page)).toBe("light");
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => theme(page)).toBe("dark");
});

test("all conversations are saved in one archive", async ({ page, server }) => {
  await server.remember("First", [["One?", "One."]]);
  await server.remember("Second / of two", [["Two?", "Two."]]);
  await page.goto("/settings");
  const saved = async (format: string): Promise<Record<string, string>> => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: `Export as ${format}` }).click(),
    ]);
    await expect(page.getByText("2 conversations were saved.")).toBeVisible();
    return unzip(await readFile(await download.path()));
  };
  const asJson = await saved("JSON");
  expect(Object.keys(asJson).sort()).toEqual(["2026-01-01 First.json", "2026-01-01 Second of two.json"]);
  expect(JSON.parse(asJson["2026-01-01 First.json"] ?? "")).toMatchObject({
    title: "First",
    messages: [{ text: "One?" }, { text: "One." }],
  });
  expect((await saved("Markdown"))["2026-01-01 Second of two.md"]).toContain("Two.");
});

test("what this browser keeps is forgotten when asked; conversations stay", async ({ page, server }) => {
  const id = await server.remember("First", [["One?", "One."]]);
  await page.goto(`/c/${id}`);
  await composer(page).fill("a draft");
  await chooseFromMenu(page, "Theme", "Dark");
  await page.goto("/settings");
  await page.getByRole("button", { name: "Forget..." }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Forget..." })).toBeFocused();
  await page.getByRole("button", { name: "Forget..." }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget everything" }).click();
  await expect(page).toHaveURL("/");
  await expect.poll(() => theme(page)).toBe("light");
  await conversationLink(page, "First").click();
  await expect(messages(page)).toHaveCount(2);
  await expect(composer(page)).toHaveValue("");
});

test("what a new chat begins with, and which key sends, is set once", async ({ page, model }) => {
  await page.goto("/settings");
  await expect(page).toHaveTitle("Settings - Chatbot");
  await page.getByRole("switch", { name: "Enter sends the message" }).click();
  await page.getByRole("switch", { name: "Answer from my documents" }).click();
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(page.getByRole("button", { name: "Documents: off" })).toBeVisible();
  await composer(page).fill("one");
  await composer(page).press("Enter");
  await composer(page).pressSequentially("two");
  await composer(page).press("Control+Enter");
  await expect(answers(page).last()).toContainText("two");
  expect(model.asked.map(({ question }) => question)).toEqual(["one\ntwo"]);
});

test("every shortcut does what the sheet says", async ({ page, model, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/");
  await ask(page, "first question");
  await page.keyboard.press("Control+/");
  const sheet = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(sheet.getByRole("term")).toHaveText([
    "New chat",
    "Go to the message box",
    "Stop the answer",
    "Copy the last answer",
    "Answer again",
    "Edit the last question",
    "Search conversations",
    "Open or close the sidebar",
    "Light or dark",
    "This sheet",
  ]);
  await page.keyboard.press("Control+/");
  await expect(sheet).toBeHidden();

  await page.keyboard.press("Control+Shift+C");
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toBe("You said: first question");
  model.says("Another answer");
  await page.keyboard.press("Control+Shift+Enter");
  await expect(answers(page)).toHaveText(/Another answer/);
  model.answers(() => slowly("A long answer. ".repeat(100), 20));
  await send(page, "second question");
  await expect(answers(page).last()).toContainText("A long answer.");
  await page.keyboard.press("Escape");
  await answered(page);
  await expect(answers(page).last()).toContainText("You stopped this answer.");
  await page.keyboard.press("Control+Shift+E");
  await expect(page.getByRole("textbox", { name: "Your question, changed" })).toBeFocused();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("textbox", { name: "Search conversations" })).toBeFocused();
  await page.keyboard.press("Shift+Escape");
  await expect(composer(page)).toBeFocused();
  await page.keyboard.press("Control+Shift+S");
  await expect(sidebar(page)).not.toBeInViewport();
  await page.keyboard.press("Control+Shift+S");
  await expect(conversationLink(page, "first question")).toBeInViewport();
  await page.keyboard.press("Control+Shift+L");
  await expect.poll(() => theme(page)).toBe("dark");
  await page.keyboard.press("Control+Shift+O");
  await expect(page).toHaveURL("/");
  await expect(composer(page)).toBeFocused();

  // Keys of one letter are letters while one types.
  await page.keyboard.type("/?");
  await expect(composer(page)).toHaveValue("/?");
  await page.getByRole("link", { name: "Costs" }).click();
  await page.keyboard.press("?");
  await sheet.getByRole("switch", { name: "Shortcuts of a single key" }).click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await expect(sheet).toBeHidden();
});

test("a server that is gone is said above every page, until it is back", async ({
  page,
  gateway,
  server,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource|ERR_/);
  await server.remember("First", [["One?", "One."]]);
  await page.goto("/");
  await composer(page).fill("kept");
  const banner = page.getByText("No connection to the server. What you type is kept");
  gateway.drops(({ url }) => url?.startsWith("/api/"));
  await conversationLink(page, "First").click();
  await expect(banner).toBeVisible();
  await expect(page.getByText("This conversation could not be loaded")).toBeVisible();
  gateway.follows();
  await page.getByRole("region", { name: "Problems" }).getByRole("button", { name: "Try again" }).click();
  await expect(banner).toBeHidden();
  await expect(messages(page)).toHaveCount(2);
  await page.goBack();
  await expect(composer(page)).toHaveValue("kept");
});

test.describe("on a telephone", () => {
  test.use({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });

  test("the sidebar is a drawer: it opens, closes on a choice, and on Escape", async ({ page, server }) => {
    await server.remember("First", [["One?", "One."]]);
    await page.goto("/");
    const opener = page.getByRole("button", { name: "Open the sidebar" });
    await expect(conversationLink(page, "First")).not.toBeInViewport();
    await opener.tap();
    await expect(conversationLink(page, "First")).toBeInViewport();
    await expect(sidebar(page).getByRole("button", { name: "Close the sidebar" })).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(conversationLink(page, "First")).not.toBeInViewport();
    await expect(opener).toBeFocused();
    await opener.tap();
    await conversationLink(page, "First").tap();
    await expect(questions(page)).toHaveText(/One\?/);
    await expect(conversationLink(page, "First")).not.toBeInViewport();
    await opener.tap();
    await page.touchscreen.tap(380, 400);
    await expect(conversationLink(page, "First")).not.toBeInViewport();
    await send(page, "Another one");
    await expect(answers(page).last()).toContainText("You said: Another one");
    await expect(stopButton(page)).toBeHidden();
  });
});

test.describe("in a window of 320 pixels", () => {
  test.use({ viewport: { width: 320, height: 640 } });

  test("nothing has to be scrolled sideways", async ({ page, model, server }) => {
    const name = `${"a-very-long-folder-name/".repeat(4)}${"file".repeat(20)}.md`;
    const document = await server.learn(name, "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n");
    const id = await server.remember("W".repeat(120), [["W".repeat(300), EVERYTHING]]);
    model.says("It is 42 degrees [1].");
    const { conversation_id } = await server.post<{ conversation_id: string }>("/chat", {
      message: "What is the angle of a rainbow?",
      document_ids: [document],
    });
    for (const path of ["/", `/c/${id}`, "/library", "/costs", "/settings", "/welcome"]) {
      await page.goto(path);
      await loaded(page);
      await expectNoSideways(page, path);
    }
    await page.goto(`/c/${conversation_id}`);
    await answers(page)
      .last()
      .getByRole("button", { name: /^Source 1: / })
      .first()
      .click();
    await expect(page.getByRole("complementary", { name: "Source" }).locator("mark").first()).toBeVisible();
    await expectNoSideways(page, "a source");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Open the sidebar" }).click();
    await expectNoSideways(page, "the drawer");
  });
});

/** Neither the page nor anything in it is wider than the window, but for what scrolls by itself or ends in an ellipsis. */
async function expectNoSideways(page: Page, where: string): Promise<void> {
  const wider = await page.evaluate(() => {
    const isWide = (element: Element): boolean => element.getBoundingClientRect().right > innerWidth + 1;
    const isHeld = (element: Element): boolean => {
      const parent = element.parentElement?.closest("main *");
      if (!parent) return false;
      const { overflowX, textOverflow } = getComputedStyle(parent);
      const scrolls = /auto|scroll/.test(overflowX) && parent.scrollWidth > parent.clientWidth;
      return scrolls || textOverflow === "ellipsis" || isHeld(parent);
    };
    const wide = [...document.querySelectorAll("main, main *")].filter(
      (element) => isWide(element) && !isHeld(element),
    );
    // A list that scrolls up and down must not scroll sideways, either.
    const scrollers = [
      document.documentElement,
      ...document.querySelectorAll("main, main *, aside, aside *"),
    ].filter(
      (element) =>
        element.scrollHeight > element.clientHeight &&
        element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).overflowY === "auto",
    );
    return [...scrollers, ...wide].map((element) => element.outerHTML.slice(0, 160)).slice(0, 5);
  });
  expect(wider, where).toEqual([]);
}
