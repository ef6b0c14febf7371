/** Documents: adding them in every way, what becomes of them, and which of them a conversation may use. */
import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { chooseFiles, dropFromDesktop, file, folderOf, pasteFiles } from "../support/files.ts";
import { asksForKey, refusal } from "../support/gateway.ts";
import { expect, test } from "../support/test.ts";
import { answers, ask, composer, conversationLink } from "../support/ui.ts";

const FACT = "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n";

const addFiles = (page: Page): Locator => page.getByRole("button", { name: "Add files" });
const tray = (page: Page): Locator => page.getByRole("region", { name: "Uploads" });
/** What the tray says of a file. */
const upload = (page: Page, name: string): Locator =>
  tray(page).getByRole("listitem").filter({ hasText: name });
const library = (page: Page): Locator => page.getByRole("region", { name: "Your documents" });
const row = (page: Page, name: string): Locator =>
  library(page)
    .getByRole("listitem")
    .filter({ has: page.getByRole("button", { name: `Preview ${name}` }) });
const notices = (page: Page): Locator => page.getByRole("region", { name: "Notices" });
const isUpload = (method: string | undefined, url: string | undefined): boolean =>
  method === "PUT" && (url?.startsWith("/api/documents/") ?? false);

const folders: string[] = [];

/** A folder that is gone after the test. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await folderOf(files);
  folders.push(folder);
  return folder;
}

test.afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

test("files are chosen: those that can be read become ready, of the others it says why", async ({
  page,
  server,
  expectedErrors,
}) => {
  expectedErrors.push(/4\d\d/);
  await page.goto("/library");
  await expect(page.getByRole("heading", { name: "No documents yet" })).toBeVisible();
  const files = [
    file("rainbow.md", FACT),
    file("notes.txt", "The notes say that tea is green."),
    file("setup.exe", "MZ"),
    file("nothing.txt", ""),
  ];
  await chooseFiles(page, addFiles(page), files);
  await expect(upload(page, "rainbow.md")).toContainText("Ready");
  await expect(upload(page, "notes.txt")).toContainText("Ready");
  await expect(upload(page, "setup.exe")).toContainText(/cannot be read|not supported/);
  await expect(upload(page, "nothing.txt")).toContainText(/empty/);
  await expect(tray(page)).toContainText("2 documents ready, 2 failed");
  await expect(row(page, "rainbow.md")).toContainText("Ready");
  await expect(row(page, "setup.exe")).toHaveCount(0);
  expect(await server.documents()).toEqual({ "rainbow.md": "ready", "notes.txt": "ready" });
  await tray(page).getByRole("button", { name: "Clear" }).click();
  await expect(tray(page)).toBeHidden();
});

test("50 MB are taken, more than the server's limit is refused with its sentence", async ({
  page,
  expectedErrors,
}) => {
  expectedErrors.push(/413/);
  const folder = await folderWith({});
  const sized = async (name: string, megabytes: number): Promise<string> => {
    const handle = await open(join(folder, name), "w");
    await handle.truncate(megabytes * 1024 * 1024);
    await handle.close();
    return join(folder, name);
  };
  await page.goto("/library");
  await chooseFiles(page, addFiles(page), [await sized("scan.pdf", 50), await sized("film.pdf", 101)]);
  await expect(upload(page, "film.pdf")).toContainText(/100 MB/);
  // It arrives whole; there is no PDF in it.
  await expect(row(page, "scan.pdf")).toContainText("Failed", { timeout: 40_000 });
  await expect(row(page, "scan.pdf")).toContainText(/damaged|PDF/);
  await expect(row(page, "film.pdf")).toHaveCount(0);
});

test("a folder is dropped: the files within keep their paths, hidden ones are left out", async ({
  page,
  server,
}) => {
  const root = await folderWith({
    "trip/rainbow.md": FACT,
    "trip/deep/tea.txt": "Tea is green.",
    "trip/.hidden": "x",
  });
  await page.goto("/library");
  await dropFromDesktop(page, [join(root, "trip")], () =>
    expect(page.getByText("Drop files or folders here")).toBeVisible(),
  );
  await expect(page.getByText("Drop files or folders here")).toBeHidden();
  await expect(notices(page)).toContainText("1 hidden file was left out.");
  await expect(tray(page)).toContainText("2 documents ready");
  expect(await server.documents()).toEqual({ "trip/rainbow.md": "ready", "trip/deep/tea.txt": "ready" });
});

test("a file that is pasted into a message is added, and the conversation may use it", async ({
  page,
  model,
}) => {
  model.says("It is 42 degrees [1].");
  await page.goto("/");
  await composer(page).fill("half a thought");
  await pasteFiles(page, [file("rainbow.md", FACT, "text/markdown")]);
  await expect(tray(page)).toContainText("1 document ready");
  await expect(composer(page)).toHaveValue("half a thought");
  await ask(page, "What is the angle of a rainbow?");
  expect(model.asked.at(-1)?.question).toContain("42 degrees");
});

test("an upload shows how far it is, and can be cancelled and begun again", async ({
  page,
  gateway,
  server,
}) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  gateway.follows(async (request) => {
    if (isUpload(request.method, request.url)) await held;
    return false;
  });
  await page.goto("/library");
  await chooseFiles(page, addFiles(page), [file("rainbow.md", FACT)]);
  await expect(upload(page, "rainbow.md")).toContainText(/Uploading \d+%/);
  await expect(tray(page).getByRole("progressbar", { name: "Progress of rainbow.md" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel rainbow.md" }).click();
  await expect(upload(page, "rainbow.md")).toContainText("Cancelled");
  await expect.poll(() => server.documents()).toEqual({});
  release();
  gateway.follows();
  await page.getByRole("button", { name: "Try rainbow.md again" }).click();
  await expect(upload(page, "rainbow.md")).toContainText("Ready");
});

test("a document that could not be read says why, and is read again when asked", async ({ page, server }) => {
  await server.learn("broken.pdf", "this is no PDF").catch(() => undefined);
  await page.goto("/library");
  await expect(row(page, "broken.pdf")).toContainText("Failed");
  await expect(row(page, "broken.pdf")).toContainText("This file is named .pdf but is something else");
  const asked = page.waitForResponse((response) => response.url().endsWith("/retry"));
  await row(page, "broken.pdf").getByRole("button", { name: "Read again: broken.pdf" }).click();
  expect((await asked).ok()).toBe(true);
  await expect(row(page, "broken.pdf")).toContainText("Failed");
});

test("a connection that breaks while a file is sent is waited for, and the upload goes on by itself", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource|ERR_/);
  await page.goto("/library");
  gateway.drops((request) => isUpload(request.method, request.url));
  await chooseFiles(page, addFiles(page), [file("rainbow.md", FACT)]);
  await expect(tray(page)).toContainText("No connection. Your files are kept");
  gateway.follows();
  await expect(upload(page, "rainbow.md")).toContainText("Ready");
});

test("a server that asks to wait is waited for, and one that asks for a key is given it", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/429|403/);
  await page.goto("/library");
  let refused = 0;
  gateway.follows((request, response) => {
    if (request.method !== "POST" || request.url !== "/api/documents" || refused > 0) return false;
    refused += 1;
    return refusal(response, 429, "throttled", "Too many requests.", { "retry-after": "2" });
  });
  await chooseFiles(page, addFiles(page), [file("rainbow.md", FACT)]);
  await expect(tray(page)).toContainText("The server asks to wait. It goes on by itself at");
  await expect(upload(page, "rainbow.md")).toContainText("Ready");
  gateway.follows(asksForKey("a-secret-key"));
  await chooseFiles(page, addFiles(page), [file("tea.txt", "Tea is green.")]);
  const dialog = page.getByRole("dialog", { name: "API key needed" });
  await dialog.getByLabel("API key of the server").fill("a-secret-key");
  await dialog.getByLabel("API key of the server").press("Enter");
  await expect(dialog).toBeHidden();
  await expect(upload(page, "tea.txt")).toContainText("Ready");
});

test("a document of the same name takes the place of the first", async ({ page, server }) => {
  const id = await server.learn("rainbow.md", FACT);
  await page.goto("/library");
  await chooseFiles(page, addFiles(page), [file("rainbow.md", FACT.replace("42", "43"))]);
  await expect(upload(page, "rainbow.md")).toContainText("Replaces the document of this name.");
  await expect(upload(page, "rainbow.md")).toContainText("Ready");
  await expect(library(page).getByRole("listitem")).toHaveCount(1);
  await expect
    .poll(async () => JSON.stringify(await server.get(`/documents/${id}/text`)))
    .toContain("43 degrees");
  await page.getByRole("button", { name: "Preview rainbow.md" }).click();
  await expect(page.getByRole("complementary", { name: "Source" })).toContainText(
    "The angle of a rainbow is 43 degrees.",
  );
});

test("documents are found by name, looked at, saved as they were, deleted one or many, and brought back", async ({
  page,
  server,
}) => {
  const names = ["Überblick.md", "tea/green.txt", "tea/black.txt"];
  for (const name of names) await server.learn(name, `${name}: ${FACT}`);
  await page.goto("/library");
  await expect(library(page).getByRole("listitem")).toHaveCount(3);
  await page.getByRole("searchbox", { name: "Search by name" }).fill("uberblick");
  await expect(library(page).getByRole("listitem")).toHaveCount(1);
  await page.getByRole("searchbox", { name: "Search by name" }).fill("nowhere");
  await expect(page.getByText("No document has “nowhere” in its name")).toBeVisible();
  await page.getByRole("searchbox", { name: "Search by name" }).fill("");

  await page.getByRole("button", { name: "Preview tea/green.txt" }).click();
  const panel = page.getByRole("complementary", { name: "Source" });
  await expect(panel).toContainText("tea/green.txt: # Rainbows");
  await panel.getByRole("button", { name: "Close the source" }).click();
  await expect(page.getByRole("button", { name: "Preview tea/green.txt" })).toBeFocused();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download the original of tea/green.txt" }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("green.txt");
  expect(await readFile(await download.path(), "utf8")).toBe(`tea/green.txt: ${FACT}`);

  await page.getByRole("button", { name: "Delete Überblick.md" }).click();
  await expect(row(page, "Überblick.md")).toHaveCount(0);
  await notices(page).getByRole("button", { name: "Undo" }).click();
  await expect(row(page, "Überblick.md")).toBeVisible();
  await page.getByRole("checkbox", { name: "Select tea/green.txt" }).check();
  await page.getByRole("checkbox", { name: "Select Überblick.md" }).check();
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("button", { name: "Delete selected" }).click();
  await expect(notices(page)).toContainText("2 documents deleted");
  await expect(library(page).getByRole("listitem")).toHaveCount(1);
  expect(Object.keys(await server.documents())).toHaveLength(3);
  await notices(page).getByRole("button", { name: "Dismiss" }).click();
  await expect.poll(() => server.documents()).toEqual({ "tea/black.txt": "ready" });
});

test("a conversation uses the documents that were chosen for it, or none", async ({
  page,
  model,
  server,
}) => {
  await server.learn(
    "first.md",
    "# Rainbows\n\nThe angle of a rainbow is 42 degrees, says the first book.\n",
  );
  await server.learn(
    "second.md",
    "# Rainbows\n\nThe angle of a rainbow is 43 degrees, says the second book.\n",
  );
  const question = "What is the angle of a rainbow?";
  const picker = page.getByRole("dialog", { name: "Documents for this conversation" });
  await page.goto("/");
  await ask(page, question);
  expect(model.asked.at(-1)?.question).toContain("42 degrees");
  expect(model.asked.at(-1)?.question).toContain("43 degrees");

  await page.getByRole("button", { name: "Documents: all" }).click();
  await picker.getByRole("radio", { name: "Only those chosen here" }).check();
  await picker.getByRole("checkbox", { name: /second\.md/ }).check();
  await expect(picker.getByText("1 of at most")).toBeVisible();
  await picker.getByRole("button", { name: "Done" }).click();
  await ask(page, question);
  expect(model.asked.at(-1)?.question).toContain("43 degrees");
  expect(model.asked.at(-1)?.question).not.toContain("42 degrees");

  // What was chosen is the conversation's: it is there again after a reload, and a new one begins with all.
  await page.reload();
  await page.getByRole("button", { name: "Documents: 1 chosen" }).click();
  await picker.getByRole("switch", { name: "Answer from your documents" }).click();
  await picker.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("button", { name: "Documents: off" })).toBeFocused();
  await ask(page, question);
  expect(model.asked.at(-1)?.question).not.toMatch(/4[23] degrees/);
  await expect(answers(page).last().getByRole("region", { name: "Sources" })).toHaveCount(0);
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(page.getByRole("button", { name: "Documents: all" })).toBeVisible();
  await conversationLink(page, question).click();
  await expect(page.getByRole("button", { name: "Documents: off" })).toBeVisible();
});

test("where documents are switched off, it says so and who can switch them on; the chat works", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/404/);
  gateway.follows((request, response) => {
    if (!request.url?.startsWith("/api/documents")) return false;
    return refusal(response, 404, "documents_disabled", "Documents are switched off in this deployment.");
  });
  await page.goto("/library");
  await expect(page.getByRole("heading", { name: "Documents are switched off here" })).toBeVisible();
  await expect(page.getByText("scripts/enable-rag.sh dev")).toBeVisible();
  await expect(addFiles(page)).toBeHidden();
  await page.getByRole("link", { name: "New chat" }).click();
  await page.getByRole("button", { name: "Documents: all" }).click();
  await expect(page.getByRole("dialog").getByText("Documents are switched off here")).toBeVisible();
  await page.keyboard.press("Escape");
  await ask(page, "Hello");
});
