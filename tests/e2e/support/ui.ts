/** Where things are on the page, by the names that people and screen readers know them by. */
import type { Locator, Page } from "@playwright/test";
import type { LocalServer } from "./server.ts";
import { expect } from "./test.ts";

export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Your message" });
export const sendButton = (page: Page): Locator => page.getByRole("button", { name: "Send", exact: true });
export const stopButton = (page: Page): Locator => page.getByRole("button", { name: "Stop the answer" });
/** Questions and answers that are on the page: of a long conversation those near the window. */
export const messages = (page: Page): Locator =>
  page.getByRole("region", { name: "Messages" }).getByRole("article");
export const answers = (page: Page): Locator =>
  messages(page).filter({ has: page.getByRole("heading", { name: "Chatbot", exact: true }) });
export const questions = (page: Page): Locator =>
  messages(page).filter({ has: page.getByRole("heading", { name: "You", exact: true }) });
export const sidebar = (page: Page): Locator => page.getByRole("complementary", { name: "Sidebar" });
export const conversationLink = (page: Page, title: string | RegExp): Locator =>
  sidebar(page).getByRole("link", { name: title });

/** Waits until the page has come, and what it shows has been loaded; in English and in German. */
export async function loaded(page: Page): Promise<void> {
  await expect(page.getByRole("main").getByRole("heading", { level: 1 })).toBeAttached();
  await expect(page.getByText(/^(Loading|Lädt)/)).toHaveCount(0);
}

/** Types the message and sends it, as a person does. */
export async function send(page: Page, message: string): Promise<void> {
  await composer(page).fill(message);
  await composer(page).press("Enter");
}

/** Waits until the last answer is there whole: its footer comes with its last event. */
export async function answered(page: Page): Promise<void> {
  await expect(answers(page).last().getByRole("button", { name: "Copy the answer" })).toBeVisible({
    timeout: 30_000,
  });
  await expect(stopButton(page)).toBeHidden();
}

/** Asks, and waits until the answer is read as a saved message: then nothing is under way any more. */
export async function ask(page: Page, message: string): Promise<void> {
  await send(page, message);
  await answered(page);
  await expect(answers(page).last().getByRole("button", { name: "Answer again", exact: true })).toBeVisible();
}

/** The saved messages of the conversation that the page shows: role and text. */
export async function saved(page: Page, server: LocalServer): Promise<[string, string][]> {
  const id = /\/c\/([^/#?]+)/.exec(page.url())?.[1] ?? "";
  const { messages } = (await server.get(`/conversations/${id}?limit=200`)) as {
    messages: { role: string; text: string }[];
  };
  return messages.map(({ role, text }) => [role, text]);
}
