/** Where things are on the page, by the names that people and screen readers know them by. */
import type { Locator, Page } from "@playwright/test";
import { expect } from "./test.ts";

export const composer = (page: Page): Locator => page.getByRole("textbox", { name: "Message" });
export const sendButton = (page: Page): Locator => page.getByRole("button", { name: "Send", exact: true });
export const stopButton = (page: Page): Locator => page.getByRole("button", { name: "Stop", exact: true });
export const messages = (page: Page): Locator => page.getByRole("article");

/** Types the message and sends it, as a person does. */
export async function send(page: Page, message: string): Promise<void> {
  await composer(page).fill(message);
  await composer(page).press("Enter");
}

/** Waits until the answer is there whole. */
export async function answered(page: Page): Promise<void> {
  await expect(stopButton(page)).toBeHidden();
}
