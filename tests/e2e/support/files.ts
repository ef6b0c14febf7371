/** Files, given to the page in the ways that people have. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { JSHandle, Locator, Page } from "@playwright/test";

export interface GivenFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export const file = (name: string, content: string | Buffer, mimeType = "text/plain"): GivenFile => ({
  name,
  mimeType,
  buffer: Buffer.from(content),
});

/** Presses the button and chooses the files, or the paths, in the system's dialogue. */
export async function chooseFiles(page: Page, button: Locator, files: GivenFile[] | string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button.click()]);
  await chooser.setFiles(files);
}

/** A folder with these files in it, by their paths. Returns where it lies. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "chatbot-files-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

/** Drags what lies there from the desktop into the middle of the page, and lets go. `over` is called while it hangs above the page. */
export async function dropFromDesktop(
  page: Page,
  paths: readonly string[],
  over: () => Promise<void>,
): Promise<void> {
  const debug = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  const at = { x: 640, y: 400, data };
  await debug.send("Input.dispatchDragEvent", { type: "dragEnter", ...at });
  await debug.send("Input.dispatchDragEvent", { type: "dragOver", ...at });
  await over();
  // A hand that holds still is told again and again, too.
  await debug.send("Input.dispatchDragEvent", { type: "dragOver", ...at });
  await debug.send("Input.dispatchDragEvent", { type: "drop", ...at });
  await debug.detach();
}

/** Pastes the files where the focus is. */
export async function pasteFiles(page: Page, files: readonly GivenFile[]): Promise<void> {
  const transfer = await transferOf(page, files);
  await page.evaluate((clipboardData) => {
    const target = document.activeElement ?? document.body;
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, transfer);
}

function transferOf(page: Page, files: readonly GivenFile[]): Promise<JSHandle<DataTransfer>> {
  const plain = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    content: buffer.toString("utf8"),
  }));
  return page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, mimeType, content } of given)
      transfer.items.add(new File([content], name, { type: mimeType }));
    return transfer;
  }, plain);
}
