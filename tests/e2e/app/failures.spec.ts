/** What goes wrong, and what the user has left: the text, a sentence that says what to do, and a way on. */
import type { Locator, Page } from "@playwright/test";
import { asksForKey, refusal } from "../support/gateway.ts";
import { Broken, Refusal, slowly } from "../support/model.ts";
import { LocalServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";
import {
  answered,
  answers,
  ask,
  composer,
  conversationLink,
  messages,
  questions,
  saved,
  send,
} from "../support/ui.ts";

const POEM = "Roses are red, violets are blue, sugar is sweet and so are you. ".repeat(10);
const failure = (page: Page): Locator => page.getByRole("region", { name: "Not answered" });

/** The poem, whose last word waits: what broke off must not have been answered before anybody has seen that it did. */
function poemThatWaits(): { readonly answer: () => AsyncIterable<string>; readonly goOn: () => void } {
  let goOn = (): void => undefined;
  const mayEnd = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* answer(): AsyncIterable<string> {
    yield* slowly(POEM, 3);
    await mayEnd;
    yield " Amen.";
  }
  return { answer, goOn };
}

const isChat = (url: string | undefined): boolean => url === "/api/chat";

test("the connection breaks in the middle of an answer: trying again gives that answer, not a second one", async ({
  page,
  model,
  server,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION|Failed to load resource/);
  const poem = poemThatWaits();
  model.answers(poem.answer);
  await page.goto("/");
  gateway.cuts((request) => (isChat(request.url) ? 1_200 : undefined));
  await send(page, "A poem, please");
  await expect(failure(page)).toContainText("The connection broke off before the answer was finished");
  await expect(questions(page).last()).toContainText("A poem, please");
  gateway.follows();
  await failure(page).getByRole("button", { name: "Try again" }).click();
  poem.goOn();
  await answered(page);
  await expect(answers(page)).toHaveCount(1);
  await expect(answers(page).last()).toContainText(`${POEM.trim().slice(-40)} Amen.`);
  expect(model.asked).toHaveLength(1);
  expect(await saved(page, server)).toHaveLength(2);
});

test("no server at all: the question stays, and goes out once there is one", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/ERR_|Failed to load resource/);
  await page.goto("/");
  gateway.drops(({ url }) => url?.startsWith("/api/"));
  await send(page, "Is anybody there?");
  await expect(failure(page)).toContainText("There is no connection to the server");
  await expect(questions(page).last()).toContainText("Is anybody there?");
  gateway.follows();
  await failure(page).getByRole("button", { name: "Try again" }).click();
  await answered(page);
  await expect(answers(page).last()).toContainText("You said: Is anybody there?");
});

test("the page is loaded anew after the connection broke", async ({
  page,
  model,
  expectedErrors,
  gateway,
}) => {
  expectedErrors.push(/ERR_|Failed to load resource/);
  const poem = poemThatWaits();
  model.answers(poem.answer);
  await page.goto("/");
  gateway.cuts((request) => (isChat(request.url) ? 800 : undefined));
  await send(page, "A poem, please");
  await expect(failure(page)).toContainText("The connection broke off");
  gateway.follows();
  await page.reload();
  poem.goOn();
  await answered(page);
  await expect(answers(page).last()).toContainText(`${POEM.trim().slice(-40)} Amen.`);
});

test("the model breaks off: nothing is saved, and trying again works", async ({
  page,
  model,
  server,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource/);
  model.answers(async function* () {
    yield* slowly("Once upon a time", 1);
    throw new Broken();
  });
  await page.goto("/");
  await send(page, "A tale, please");
  await expect(failure(page)).toContainText(/was cut before the end of the answer/);
  expect(((await server.get("/conversations")) as { conversations: unknown[] }).conversations).toEqual([]);
  model.says("The end");
  await failure(page).getByRole("button", { name: "Try again" }).click();
  await answered(page);
  await expect(answers(page)).toHaveText(/The end/);
});

test("too many requests: Retry-After is counted down, then it goes on", async ({
  page,
  model,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/429/);
  await page.goto("/");
  gateway.follows(
    (request, response) =>
      isChat(request.url) &&
      refusal(response, 429, "throttled", "Too many requests.", { "retry-after": "6" }),
  );
  await send(page, "Hurry");
  const retry = failure(page).getByRole("button", { name: /^Try again/ });
  await expect(retry).toHaveText(/Try again in \d+ s/);
  await expect(retry).toBeDisabled();
  gateway.follows();
  model.says("Here I am");
  await expect(retry).toBeEnabled();
  await retry.click();
  await answered(page);
  await expect(answers(page)).toHaveText(/Here I am/);
});

test("a model that is over its rate says how long to wait, in the middle of a stream too", async ({
  page,
  model,
}) => {
  model.answers(() => {
    throw new Refusal(429, { "retry-after": "6" });
  });
  await page.goto("/");
  await send(page, "Hurry");
  await expect(failure(page).getByRole("button", { name: /Try again in \d+ s/ })).toBeDisabled();
  await expect(failure(page).getByRole("button", { name: "Try again", exact: true })).toBeEnabled();
});

test("a server that asks for a key: it is entered once, and everything goes on", async ({
  page,
  gateway,
  expectedErrors,
  server: _,
}) => {
  expectedErrors.push(/403/);
  gateway.follows(asksForKey("a-secret-key"));
  await page.goto("/");
  const dialog = page.getByRole("dialog", { name: "API key needed" });
  await expect(dialog).toBeVisible();
  const field = dialog.getByLabel("API key of the server");
  await field.fill("wrong");
  await field.press("Enter");
  await expect(dialog.getByText(/The server refuses this key/)).toBeVisible();
  await expect(field).toHaveValue("wrong");
  await field.fill("a-secret-key");
  await field.press("Enter");
  await expect(dialog).toBeHidden();
  await ask(page, "Hello");
  await page.reload();
  await expect(messages(page)).toHaveCount(2);
  await expect(dialog).toBeHidden();
  await expect(conversationLink(page, "Hello")).toBeVisible();
});

test("a key that stops being taken in the middle of the work leaves the question", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/403/);
  await page.goto("/");
  await ask(page, "Hello");
  // The question is the first that is refused: what else the page reads meanwhile would put the dialog before it.
  let isChanged = false;
  gateway.follows((request, response) => {
    isChanged ||= isChat(request.url);
    return isChanged && asksForKey("new-key")(request, response);
  });
  await send(page, "Are you still there?");
  const dialog = page.getByRole("dialog", { name: "API key needed" });
  await dialog.getByLabel("API key of the server").fill("new-key");
  await dialog.getByLabel("API key of the server").press("Enter");
  await expect(dialog).toBeHidden();
  await expect(questions(page).last()).toContainText("Are you still there?");
  await failure(page).getByRole("button", { name: "Try again" }).click();
  await answered(page);
  await expect(answers(page).last()).toContainText("You said: Are you still there?");
});

test("a slow network shows that something is under way", async ({ page, gateway }) => {
  await page.goto("/");
  gateway.follows(async (request) => {
    if (isChat(request.url)) await new Promise((resolve) => setTimeout(resolve, 9_000));
    return false;
  });
  await send(page, "Patience");
  await expect(page.getByText(/Sending/).first()).toBeVisible();
  await expect(page.getByText(/\b[5-8] s\b/).first()).toBeVisible();
  await answered(page);
});

test("an error that the server explains is told in its words, with the request's id", async ({
  page,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/429/);
  await page.goto("/");
  gateway.follows(
    (request, response) =>
      isChat(request.url) &&
      refusal(
        response,
        429,
        "daily_budget_spent",
        "The tokens of today are used up (100,000). Try again tomorrow.",
        { "retry-after": "30000" },
      ),
  );
  await send(page, "One more");
  await expect(page.getByText(/The tokens of today are used up/).first()).toBeVisible();
  await expect(page.getByText("Request e2e")).toBeVisible();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect(
    composer(page)
      .or(page.getByRole("textbox", { name: "Your question, changed" }))
      .last(),
  ).toHaveValue("One more");
});

test("an answer that is none of this API's is told as such", async ({ page, gateway, expectedErrors }) => {
  expectedErrors.push(/./);
  await page.goto("/");
  gateway.follows((request, response) => {
    if (!isChat(request.url)) return false;
    response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log in to the hotel's network</h1>");
    return true;
  });
  await send(page, "Hello?");
  await expect(failure(page)).toBeVisible();
  await expect(questions(page).last()).toContainText("Hello?");
});

test("a browser whose storage is full keeps the text on the page, and says so once", async ({ page }) => {
  await page.goto("/");
  await page.evaluate(() => {
    let size = 1 << 20;
    for (let part = 0; size > 0; part += 1) {
      try {
        localStorage.setItem(`filler${part}`, "x".repeat(size));
      } catch {
        size >>= 1;
      }
    }
  });
  await composer(page).fill("This cannot be kept, but it must not be lost");
  await expect(page.getByText(/This browser keeps nothing/)).toBeVisible();
  await expect(composer(page)).toHaveValue("This cannot be kept, but it must not be lost");
  await composer(page).press("Enter");
  await answered(page);
  await expect(answers(page).last()).toContainText("it must not be lost");
});

test("a server whose disk is full", async ({ page, gateway, expectedErrors }) => {
  expectedErrors.push(/503/);
  await page.goto("/");
  gateway.follows(
    (request, response) =>
      isChat(request.url) &&
      refusal(
        response,
        503,
        "store_full",
        "No space is left where conversations are stored. Free some, then ask again.",
      ),
  );
  await send(page, "Keep this");
  await expect(page.getByText(/No space is left/).first()).toBeVisible();
  await expect(questions(page).last()).toContainText("Keep this");
});

test("a conversation that is not there", async ({ page, expectedErrors, server: _ }) => {
  expectedErrors.push(/404/);
  await page.goto("/c/never-was");
  await expect(page.getByText("There is no such conversation").first()).toBeVisible();
  await page
    .getByRole("link", { name: "Start a new conversation" })
    .or(page.getByRole("button", { name: "Start a new conversation" }))
    .click();
  await expect(composer(page)).toBeVisible();
});

test.describe("a server that is killed", () => {
  let killed: LocalServer;
  test.afterEach(async () => {
    await killed.stop("SIGKILL");
    await killed.forget();
  });

  test("in the middle of an answer, and comes back, answers when it is asked again", async ({
    page,
    model,
    expectedErrors,
  }) => {
    expectedErrors.push(/ERR_|Failed to load resource/);
    const settings = { model: `openai:scripted@${model.url}`, log_level: "ERROR" };
    killed = await LocalServer.start(settings);
    expectedErrors.push(new RegExp(`request to ${killed.url}$`));
    model.answers(() => slowly(POEM, 30));
    await page.goto(killed.url);
    await send(page, "A poem, please");
    await expect(answers(page).last()).toContainText("violets");
    await killed.stop("SIGKILL");
    await expect(failure(page)).toBeVisible();
    await expect(questions(page).last()).toContainText("A poem, please");
    model.says("Here it is");
    killed = await LocalServer.start({ ...settings, data_dir: killed.folder }, new URL(killed.url).port);
    await failure(page).getByRole("button", { name: "Try again" }).click();
    await answered(page);
    await expect(answers(page)).toHaveText(/Here it is/);
    expect(await saved(page, killed)).toHaveLength(2);
  });
});
