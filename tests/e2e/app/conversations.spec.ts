/** The list of conversations: finding, renaming, deleting, taking along. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { chooseFiles, file } from "../support/files.ts";
import { expect, test } from "../support/test.ts";
import { ask, composer, conversationLink, messages, questions, sidebar } from "../support/ui.ts";
import { zip } from "../support/zip.ts";

const searchBox = (page: Page) => page.getByRole("textbox", { name: "Search conversations" });
const titleField = (page: Page) => page.getByRole("textbox", { name: "New title" });
const notices = (page: Page) => page.getByRole("region", { name: "Notices" });

/** Chooses what the menu of a conversation offers. */
async function choose(page: Page, title: string, action: string): Promise<void> {
  await page.getByRole("button", { name: `Actions for ${title}` }).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

test("titles are found whatever their accents and case, those of older pages too", async ({
  page,
  server,
}) => {
  const oldest = await server.remember(
    "Über den Café-Besuch in Zürich",
    [["Where?", "In Zürich."]],
    "2025-01-01T00:00:00Z",
  );
  await Promise.all(
    Array.from({ length: 110 }, (_, number) => server.remember(`Note ${number}`, [["q", "a"]])),
  );
  await page.goto("/");
  await expect(conversationLink(page, /^Note/).first()).toBeVisible();
  await searchBox(page).fill("ZURICH cafe");
  await expect(sidebar(page).getByText("1 match", { exact: true })).toBeVisible();
  await expect(conversationLink(page, "Über den Café-Besuch in Zürich")).toBeVisible();
  await expect(conversationLink(page, /^Note/)).toHaveCount(0);
  await searchBox(page).press("Enter");
  await expect(page).toHaveURL(`/c/${oldest}`);
  await searchBox(page).fill("no such thing");
  await expect(sidebar(page).getByText("No title contains “no such thing”")).toBeVisible();
  await searchBox(page).press("Escape");
  await expect(searchBox(page)).toHaveValue("");
  await expect(conversationLink(page, /^Note/).first()).toBeVisible();
});

test("a conversation is renamed in its place; what no title can be is said and stays to be mended", async ({
  page,
  server,
}) => {
  const id = await server.remember("Before", [["Hello?", "Hello."]]);
  await page.goto(`/c/${id}`);
  await choose(page, "Before", "Rename");
  await expect(titleField(page)).toBeFocused();
  await titleField(page).fill("   ");
  await titleField(page).press("Enter");
  await expect(sidebar(page).getByText("A title needs at least one character")).toBeVisible();
  await titleField(page).fill("x".repeat(201));
  await expect(
    sidebar(page).getByText("The title has 201 characters; it may have at most 200."),
  ).toBeVisible();
  await titleField(page).press("Enter");
  await expect(titleField(page)).toHaveValue("x".repeat(201));
  await titleField(page).press("Escape");
  await expect(conversationLink(page, "Before")).toBeFocused();
  await page.keyboard.press("F2");
  await titleField(page).fill("After ünd <b>all</b> 🌈");
  await titleField(page).press("Enter");
  await expect(conversationLink(page, "After ünd <b>all</b> 🌈")).toBeVisible();
  await expect(page).toHaveTitle("After ünd <b>all</b> 🌈 - Chatbot");
  await expect.poll(() => server.titles()).toEqual(["After ünd <b>all</b> 🌈"]);
});

test("a title that could not be saved is the old one again, and the new one is not lost", async ({
  page,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource/);
  await server.remember("Before", [["Hello?", "Hello."]]);
  await page.goto("/");
  gateway.drops((request) => request.method === "PATCH");
  await choose(page, "Before", "Rename");
  await titleField(page).fill("After");
  await titleField(page).press("Enter");
  await expect(notices(page)).toContainText("The title “After” could not be saved.");
  await expect(conversationLink(page, "Before")).toBeVisible();
  gateway.follows();
  await notices(page).getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => server.titles()).toEqual(["After"]);
});

test("a deleted conversation comes back by Undo, and is gone for good when the notice goes", async ({
  page,
  server,
}) => {
  const id = await server.remember("Secret plans", [["What is the plan?", "There is none."]]);
  await page.goto(`/c/${id}`);
  await expect(messages(page)).toHaveCount(2);
  await choose(page, "Secret plans", "Delete");
  await expect(conversationLink(page, "Secret plans")).toBeHidden();
  await expect(composer(page)).toBeVisible();
  await expect(page).toHaveURL("/");
  expect(await server.titles()).toEqual(["Secret plans"]);
  await notices(page).getByRole("button", { name: "Undo" }).click();
  await expect(conversationLink(page, "Secret plans")).toBeVisible();
  await expect(page).toHaveURL(`/c/${id}`);
  await choose(page, "Secret plans", "Delete");
  await notices(page).getByRole("button", { name: "Dismiss" }).click();
  await expect.poll(() => server.titles()).toEqual([]);
  await page.reload();
  await expect(sidebar(page).getByText("No conversations yet")).toBeVisible();
});

test("what was deleted is deleted when the page is closed before the notice went", async ({
  page,
  server,
}) => {
  await server.remember("Secret plans", [["What is the plan?", "There is none."]]);
  await page.goto("/");
  await choose(page, "Secret plans", "Delete");
  await expect(notices(page)).toContainText("Deleted: Secret plans");
  await page.close({ runBeforeUnload: true });
  await expect.poll(() => server.titles()).toEqual([]);
});

test("a deletion that the server refuses is said, and the conversation is there again", async ({
  page,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource/);
  await server.remember("Secret plans", [["What is the plan?", "There is none."]]);
  await page.goto("/");
  gateway.drops((request) => request.method === "DELETE");
  await choose(page, "Secret plans", "Delete");
  await notices(page).getByRole("button", { name: "Dismiss" }).click();
  await expect(notices(page)).toContainText("could not be deleted and is back in the list");
  await expect(conversationLink(page, "Secret plans")).toBeVisible();
  expect(await server.titles()).toEqual(["Secret plans"]);
});

test("a conversation is saved as Markdown and as JSON", async ({ page, server }) => {
  await server.remember("A / strange: title?", [
    ["What is *Markdown*?", "A way to write.\n\n```js\n1 < 2\n```"],
  ]);
  await page.goto("/");
  const saved = async (action: string): Promise<[string, string]> => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      choose(page, "A / strange: title?", action),
    ]);
    return [download.suggestedFilename(), await readFile(await download.path(), "utf8")];
  };
  const [markdownName, markdown] = await saved("Export as Markdown");
  expect(markdownName).toBe("A strange title 2026-01-01.md");
  expect(markdown).toContain("What is *Markdown*?");
  expect(markdown).toContain("1 < 2");
  const [jsonName, json] = await saved("Export as JSON");
  expect(jsonName).toBe("A strange title 2026-01-01.json");
  const exported = JSON.parse(json) as {
    format: string;
    title: string;
    messages: { role: string; text: string }[];
  };
  expect(exported).toMatchObject({ format: "chatbot-conversation", title: "A / strange: title?" });
  expect(exported.messages.map(({ role, text }) => [role, text])).toEqual([
    ["user", "What is *Markdown*?"],
    ["assistant", "A way to write.\n\n```js\n1 < 2\n```"],
  ]);
});

test("a link leads to a conversation, and going back leads to the one before", async ({ page, server }) => {
  const first = await server.remember("The first", [["One?", "One."]]);
  const second = await server.remember("The second", [["Two?", "Two."]], "2026-02-01T00:00:00Z");
  await page.goto(`/c/${second}`);
  await expect(questions(page)).toHaveText(/Two\?/);
  await expect(page).toHaveTitle("The second - Chatbot");
  await expect(conversationLink(page, "The second")).toHaveAttribute("aria-current", "page");
  await conversationLink(page, "The first").click();
  await expect(page).toHaveURL(`/c/${first}`);
  await expect(questions(page)).toHaveText(/One\?/);
  await page.goBack();
  await expect(questions(page)).toHaveText(/Two\?/);
});

test("a hostile title is text, wherever it stands", async ({ page, server }) => {
  const title = `<img src=x onerror="document.title='taken'"> \u202etxt.exe {{title}} ${"A".repeat(120)}`;
  const id = await server.remember(title, [["Hello?", "Hello."]]);
  await page.goto(`/c/${id}`);
  await expect(conversationLink(page, /<img src=x/)).toBeVisible();
  await expect(page).toHaveTitle(/^<img src=x/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await conversationLink(page, /<img src=x/).hover();
  await page.getByRole("button", { name: /^Actions for <img/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await expect(notices(page)).toContainText("Deleted: <img src=x");
  await expect(notices(page)).toContainText("{{title}}");
  await expect(page.locator("img")).toHaveCount(0);
});

test("another tab hears of a new title, a new conversation and a deleted one", async ({
  page,
  context,
  server,
}) => {
  await server.remember("Before", [["Hello?", "Hello."]]);
  await page.goto("/");
  const other = await context.newPage();
  await other.goto("/");
  await choose(other, "Before", "Rename");
  await titleField(other).fill("After");
  await titleField(other).press("Enter");
  await expect(conversationLink(page, "After")).toBeVisible();
  await ask(other, "Something new");
  await expect(conversationLink(page, "Something new")).toBeVisible();
  await choose(other, "After", "Delete");
  await notices(other).getByRole("button", { name: "Dismiss" }).click();
  await expect(conversationLink(page, "After")).toBeHidden();
});

test.describe("an import", () => {
  /** A conversation as ChatGPT exports it: a tree of messages, the shown one its last. */
  const chatGpt = (id: string, title: string, words: readonly string[]): object => {
    const nodes = words.map((text, at) => [
      `${id}-${at}`,
      {
        id: `${id}-${at}`,
        parent: at ? `${id}-${at - 1}` : null,
        message: {
          author: { role: at % 2 ? "assistant" : "user" },
          create_time: 1_700_000_000 + at,
          content: { content_type: "text", parts: [text] },
        },
      },
    ]);
    return {
      conversation_id: id,
      title,
      create_time: 1_700_000_000,
      update_time: 1_700_000_100,
      current_node: `${id}-${words.length - 1}`,
      mapping: Object.fromEntries(nodes),
    };
  };
  const EXPORT = [
    chatGpt("a", "Tea and **coffee**", ["Tea or coffee?", "Tea.", "Why?", "It is green."]),
    chatGpt("b", "<img src=x onerror=alert(1)>", ["Hello?", "<script>alert(1)</script> Hello."]),
  ];
  const dialog = (page: Page) => page.getByRole("dialog", { name: "Import conversations" });

  async function importFrom(page: Page, name: string, content: string | Buffer): Promise<void> {
    await chooseFiles(page, dialog(page).getByRole("button", { name: "Choose files" }), [
      file(name, content, "application/octet-stream"),
    ]);
  }

  async function importAll(page: Page): Promise<void> {
    await dialog(page)
      .getByRole("checkbox", { name: /^Select (all \d+|1 conversation)$/ })
      .check();
    await dialog(page)
      .getByRole("button", { name: /^Import \d+ conversations?$/ })
      .click();
  }

  test("takes a JSON file, then an archive with more in it, and doubles nothing", async ({
    page,
    server,
  }) => {
    await page.goto("/");
    await sidebar(page).getByRole("button", { name: "Import conversations" }).first().click();
    await importFrom(page, "conversations.json", JSON.stringify(EXPORT));
    const list = dialog(page).getByRole("list", { name: "Conversations in the export" });
    await expect(list.getByRole("listitem")).toHaveCount(2);
    await importAll(page);
    await expect(dialog(page)).toContainText("2 conversations imported.");
    expect((await server.titles()).sort()).toEqual(["<img src=x onerror=alert(1)>", "Tea and **coffee**"]);

    await dialog(page).getByRole("button", { name: "Another file" }).click();
    const longer = [
      ...EXPORT.slice(1),
      chatGpt("a", "Tea and **coffee**", [
        "Tea or coffee?",
        "Tea.",
        "Why?",
        "It is green.",
        "And coffee?",
        "It is black.",
      ]),
    ];
    await importFrom(
      page,
      "export.zip",
      zip({ "user.json": "{}", "conversations.json": JSON.stringify(longer), "chat.html": "<html>" }),
    );
    await expect(list.getByText("Already here").first()).toBeVisible();
    await importAll(page);
    await expect(list.getByText("1 question imported")).toBeVisible();
    await expect(list.getByText("Nothing new in it")).toBeVisible();
    await dialog(page).getByRole("button", { name: "Close" }).last().click();
    await conversationLink(page, "Tea and **coffee**").click();
    await expect(messages(page)).toHaveCount(6);
    await expect(questions(page)).toHaveText([/Tea or coffee\?/, /Why\?/, /And coffee\?/]);
    expect(await server.titles()).toHaveLength(2);
  });

  test("of something that is none says what it is, and takes the next file", async ({ page, server }) => {
    const cycle = chatGpt("c", "Round and round", ["One?", "One."]) as {
      mapping: Record<string, { parent: string | null }>;
    };
    const first = cycle.mapping["c-0"];
    if (first) first.parent = "c-1";
    const refused: [string, string | Buffer, string][] = [
      [
        "export.zip",
        Buffer.from("PK\u0003\u0004 and then rubbish"),
        "The .zip file is damaged or not complete",
      ],
      ["conversations.json", '[{"title": "cut', "The file is damaged: its JSON ends too early"],
      ["notes.json", '{"a": 1}', "This is no export of ChatGPT or of this chatbot"],
      ["empty.json", "", "This is no export of ChatGPT or of this chatbot"],
      ["empty.zip", zip({ "readme.txt": "nothing" }), "This is no export of ChatGPT or of this chatbot"],
      [
        "silent.json",
        JSON.stringify([chatGpt("d", "Nothing said", [])]),
        "The export holds no conversation with text in it.",
      ],
    ];
    await page.goto("/settings");
    await page.getByRole("button", { name: "Import..." }).click();
    for (const [name, content, reason] of refused) {
      await importFrom(page, name, content);
      await expect(dialog(page).getByRole("alert"), name).toContainText(reason);
    }
    await importFrom(page, "conversations.json", JSON.stringify([cycle]));
    await importAll(page);
    await expect(dialog(page)).toContainText("1 conversation imported.");
    expect(await server.titles()).toEqual(["Round and round"]);
  });

  test("brings back what was exported here", async ({ page, server }) => {
    const id = await server.remember("There and back", [
      ["One?", "One."],
      ["Two?", "Two."],
    ]);
    const exported = await (await fetch(`${server.url}/conversations/${id}/export?format=json`)).text();
    await fetch(`${server.url}/conversations/${id}`, { method: "DELETE" });
    await page.goto("/settings");
    await page.getByRole("button", { name: "Import..." }).click();
    await importFrom(page, "There and back.json", exported);
    await importAll(page);
    await expect(dialog(page)).toContainText("1 conversation imported.");
    await page.keyboard.press("Escape");
    await conversationLink(page, "There and back").click();
    await expect(messages(page)).toHaveCount(4);
  });
});
