/** A conversation, as people have it. */
import { readFile } from "node:fs/promises";
import { Refusal, sleep, slowly } from "../support/model.ts";
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
  sendButton,
  stopButton,
} from "../support/ui.ts";

const POEM = "Roses are red, violets are blue, sugar is sweet and so are you. ".repeat(30);

test("a question is answered piece by piece, kept, and there again after a reload", async ({
  page,
  model,
  server,
}) => {
  let go = (): void => undefined;
  const rest = new Promise<void>((resolve) => {
    go = resolve;
  });
  model.answers(async function* () {
    yield "The capital ";
    await rest;
    yield "of France is **Paris**.";
  });
  await page.goto("/");
  await expect(composer(page)).toBeFocused();
  await send(page, "What is the capital of France?");
  await expect(answers(page).last()).toContainText("The capital");
  await expect(composer(page)).toHaveValue("");
  await expect(page).toHaveURL(/\/c\/[\w-]+$/);
  go();
  await answered(page);
  await expect(answers(page).last().getByText("Paris")).toHaveCSS("font-weight", /[67]00/);
  await expect(conversationLink(page, "What is the capital of France?")).toHaveAttribute(
    "aria-current",
    "page",
  );
  expect(await saved(page, server)).toEqual([
    ["user", "What is the capital of France?"],
    ["assistant", "The capital of France is **Paris**."],
  ]);
  await page.reload();
  await expect(questions(page)).toHaveText(/What is the capital of France\?/);
  await expect(answers(page).last()).toContainText("The capital of France is Paris.");
});

test("the model sees the conversation", async ({ page, model }) => {
  await page.goto("/");
  await ask(page, "My name is Ada.");
  await ask(page, "What is my name?");
  expect(model.asked.at(-1)?.messages.map(({ content }) => content)).toContain("My name is Ada.");
  await expect(messages(page)).toHaveCount(4);
});

test("a stopped answer keeps what was written, and says so", async ({ page, model, server }) => {
  model.answers(() => slowly(POEM, 15));
  await page.goto("/");
  await send(page, "A poem, please");
  await expect(answers(page).last()).toContainText("violets");
  await stopButton(page).click();
  await answered(page);
  await expect(answers(page).last()).toContainText("You stopped this answer.");
  const [, [, kept = ""] = []] = await saved(page, server);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length).toBeLessThan(POEM.length - 100);
  await page.reload();
  await expect(answers(page).last()).toContainText("You stopped this answer.");
});

test("a question that is stopped before anything was written is back in the box", async ({ page, model }) => {
  model.answers(async function* () {
    await sleep(4_000);
    yield "too late";
  });
  await page.goto("/");
  await send(page, "Never mind");
  await stopButton(page).click();
  await expect(composer(page)).toHaveValue("Never mind");
  await expect(messages(page)).toHaveCount(0);
});

test("an answer is given again in place of the first", async ({ page, model, server }) => {
  model.says("First answer");
  await page.goto("/");
  await ask(page, "Tell me something");
  model.says("Second answer");
  await answers(page).last().getByRole("button", { name: "Answer again", exact: true }).click();
  await expect(answers(page)).toHaveText(/Second answer/);
  await answered(page);
  expect(await saved(page, server)).toEqual([
    ["user", "Tell me something"],
    ["assistant", "Second answer"],
  ]);
});

test("a question is changed and sent again; what came after gives way", async ({ page, server }) => {
  await page.goto("/");
  await ask(page, "one");
  await ask(page, "two");
  await questions(page).first().hover();
  await questions(page).first().getByRole("button", { name: "Edit the question" }).click();
  const editor = page.getByRole("textbox", { name: "Your question, changed" });
  await expect(editor).toHaveValue("one");
  await editor.fill("three");
  await page.getByRole("button", { name: "Save and send" }).click();
  await expect(questions(page)).toHaveText(/three/);
  await answered(page);
  expect((await saved(page, server)).map(([, text]) => text)).toEqual(["three", "You said: three"]);
});

test("a changed question whose answer fails changes nothing", async ({
  page,
  model,
  server,
  expectedErrors,
}) => {
  expectedErrors.push(/502/);
  await page.goto("/");
  await ask(page, "one");
  model.answers(() => {
    throw new Refusal(500);
  });
  await questions(page).first().hover();
  await questions(page).first().getByRole("button", { name: "Edit the question" }).click();
  await page.getByRole("textbox", { name: "Your question, changed" }).fill("three");
  await page.getByRole("button", { name: "Save and send" }).click();
  await expect(page.getByText("Nothing was changed: the conversation is as it was.")).toBeVisible();
  await expect(page.getByText("three").first()).toBeVisible();
  expect((await saved(page, server)).map(([, text]) => text)).toEqual(["one", "You said: one"]);
});

test("what was typed stays, conversation by conversation, over a reload", async ({ page }) => {
  await page.goto("/");
  await ask(page, "first");
  await composer(page).fill("half a thought");
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(composer(page)).toHaveValue("");
  await composer(page).fill("another");
  await page.reload();
  await expect(composer(page)).toHaveValue("another");
  await conversationLink(page, "first").click();
  await expect(composer(page)).toHaveValue("half a thought");
});

test("an answer goes on while its page is loaded again, and is asked for once", async ({
  page,
  model,
  server,
}) => {
  model.answers(() => slowly(POEM, 10));
  await page.goto("/");
  await send(page, "A poem, please");
  await expect(answers(page).last()).toContainText("violets");
  await page.reload();
  await expect(answers(page).last()).toContainText(POEM.trim().slice(-60), { timeout: 40_000 });
  await answered(page);
  expect(await saved(page, server)).toHaveLength(2);
  expect(model.asked).toHaveLength(1);
});

test("an answer goes on while another conversation is looked at", async ({ page, model }) => {
  await page.goto("/");
  await ask(page, "first");
  model.answers(() => slowly(POEM, 5));
  await page.getByRole("link", { name: "New chat" }).click();
  await send(page, "A poem, please");
  await expect(answers(page).last()).toContainText("Roses");
  await conversationLink(page, "first").click();
  await expect(answers(page).last()).toContainText("You said: first");
  await page.goBack();
  await answered(page);
  await expect(answers(page).last()).toContainText(POEM.trim().slice(-60));
});

test("two tabs of one conversation come to show the same", async ({ page, context, model }) => {
  await page.goto("/");
  await ask(page, "from the first tab");
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(messages(other)).toHaveCount(2);
  await composer(page).fill("half a thought");
  model.says("hello, other tab");
  await ask(other, "from the second tab");
  await expect(answers(page).last()).toContainText("hello, other tab");
  await expect(messages(page)).toHaveCount(4);
  await expect(composer(page)).toHaveValue("half a thought");
});

test("Markdown with tables, code, mathematics and lists", async ({ page, model, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  model.says(
    "## Title\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n```python\ndef f(x):\n    return x ** 2\n```\n\nInline $a^2$, and\n\n$$\\frac{1}{2}$$\n\nIt costs $5 and $6.\n\n1. one\n   - nested\n",
  );
  await page.goto("/");
  await ask(page, "Show me everything");
  const answer = answers(page).last();
  await expect(answer.getByRole("cell", { name: "2" })).toBeVisible();
  await expect(answer.getByText("def", { exact: true })).not.toHaveCSS(
    "color",
    await answer.getByText("Title").evaluate((node) => getComputedStyle(node).color),
  );
  await expect(answer.locator("math")).toHaveCount(2);
  await expect(answer.getByText("It costs $5 and $6.")).toBeVisible();
  await answer.getByRole("button", { name: "Copy code" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("def f(x):\n    return x ** 2");
  await answer.getByRole("button", { name: "Copy the answer" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("## Title");
});

test("a message may have 32,000 characters; one more is refused and stays in the box", async ({
  page,
  server,
}) => {
  await page.goto("/");
  await composer(page).fill("x".repeat(32_001));
  await expect(page.getByText(/1 character too many/)).toBeVisible();
  await composer(page).press("Enter");
  await expect(sendButton(page)).toBeDisabled();
  await expect(composer(page)).toHaveValue(/^x{32001}$/);
  await composer(page).fill("x".repeat(32_000));
  await composer(page).press("Enter");
  await answered(page);
  expect((await saved(page, server))[0]?.[1]).toHaveLength(32_000);
});

test("right-to-left text and emoji are shown as they were written", async ({ page, server }) => {
  const text = "مرحبا بالعالم 👩‍👩‍👧‍👦 e\u0301 שלום 🏳️‍🌈";
  await page.goto("/");
  await ask(page, text);
  await expect(questions(page).last()).toContainText(text);
  expect(
    await questions(page)
      .last()
      .getByText(text)
      .evaluate((node) => getComputedStyle(node).direction),
  ).toBe("rtl");
  expect((await saved(page, server))[0]?.[1]).toBe(text);
});

test("Shift+Enter begins a line, and a composition of an input method is not sent", async ({ page }) => {
  await page.goto("/");
  await composer(page).fill("one");
  await composer(page).press("Shift+Enter");
  await composer(page).pressSequentially("two");
  await expect(composer(page)).toHaveValue("one\ntwo");
  await composer(page).dispatchEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229 });
  await expect(composer(page)).toHaveValue("one\ntwo");
});

test("of a long conversation only what is near the window is on the page", async ({ page, server }) => {
  const turns = Array.from({ length: 200 }, (_, turn) => ({
    question: `question ${turn}`,
    reply: `answer ${turn}. `.repeat(20),
    asked_at: new Date(Date.parse("2026-01-01T00:00:00Z") + turn * 60_000).toISOString(),
  }));
  let id: string | undefined;
  for (let first = 0; first < turns.length; first += 50) {
    const body = {
      title: "Long",
      turns: turns.slice(first, first + 50),
      ...(id ? { conversation_id: id } : {}),
    };
    id = (await server.post<{ conversation_id: string }>("/conversations/import", body)).conversation_id;
  }
  await page.goto(`/c/${id}`);
  await expect(page.getByText("question 199")).toBeInViewport();
  expect(await messages(page).count()).toBeLessThan(60);
  for (
    let step = 0;
    step < 400 && !(await page.getByText("question 0", { exact: true }).isVisible());
    step += 1
  ) {
    await page.mouse.move(700, 400);
    await page.mouse.wheel(0, -1_500);
    await page.waitForTimeout(15);
  }
  await expect(page.getByText("question 0", { exact: true })).toBeVisible();
  expect(await messages(page).count()).toBeLessThan(60);
  await page.getByRole("button", { name: "Go to the latest message" }).click();
  await expect(page.getByText("question 199")).toBeInViewport();
});

test("the conversation's documents are searched, and the answer says what came of it", async ({
  page,
  model,
  server,
}) => {
  await server.learn("notes/rainbow.md", "# Rainbows\n\nThe angle of a rainbow is 42 degrees.\n");
  model.says("It is 42 degrees [1].");
  await page.goto("/");
  await ask(page, "What is the angle of a rainbow?");
  await expect(
    answers(page)
      .last()
      .getByRole("button", { name: /^Source 1\b.*rainbow\.md/ })
      .first(),
  ).toBeVisible();
  expect(model.asked.at(-1)?.question).toContain("42 degrees");
});

test("the page names no file that is not there", async ({ page }) => {
  const missing: string[] = [];
  page.on("response", (response) => response.status() >= 400 && missing.push(response.url()));
  await page.goto("/");
  await page.waitForLoadState("networkidle");
  expect(missing).toEqual([]);
  const index = await readFile(new URL("../../../web/dist/index.html", import.meta.url), "utf8");
  expect(index).not.toMatch(/<script(?![^>]*src=)/);
});
