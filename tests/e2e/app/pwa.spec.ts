/** Installed as an app: what it needs for that, and what it can do without a connection. */
import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";
import { ask, composer, conversationLink } from "../support/ui.ts";

interface Manifest {
  readonly name: string;
  readonly start_url: string;
  readonly display: string;
  readonly icons: readonly {
    readonly src: string;
    readonly sizes: string;
    readonly type: string;
    readonly purpose?: string;
  }[];
}

/** Until the service worker serves this page, and has kept what it began with. */
async function expectServiceWorker(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
  });
}

/** Paths of everything that the page's caches hold. */
const kept = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
  });

test("it can be installed: manifest and icons are what they say", async ({ page, baseURL }) => {
  await page.goto("/");
  const href = await page.locator('link[rel="manifest"]').getAttribute("href");
  const manifest = (await (await page.request.get(new URL(href ?? "", baseURL).href)).json()) as Manifest;
  expect(manifest).toMatchObject({ name: "Chatbot", start_url: "/", display: "standalone" });
  for (const { src, sizes, type } of manifest.icons) {
    const drawn = await page.evaluate(async (address) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      return `${image.naturalWidth}x${image.naturalHeight}`;
    }, src);
    if (sizes !== "any") expect(drawn, src).toBe(sizes);
    expect((await page.request.get(new URL(src, baseURL).href)).headers()["content-type"], src).toContain(
      type,
    );
  }
  const purposes = manifest.icons.map(({ purpose, sizes }) => `${purpose ?? "any"} ${sizes}`);
  expect(purposes).toEqual(expect.arrayContaining(["any 192x192", "any 512x512", "maskable 512x512"]));
  // The browser's own judgement.
  const debug = await page.context().newCDPSession(page);
  const { errors } = (await debug.send("Page.getAppManifest")) as { errors: unknown[] };
  expect(errors).toEqual([]);
});

test("it opens without a connection, with the draft still there, and goes on when there is one", async ({
  page,
  context,
  expectedErrors,
}) => {
  expectedErrors.push(/Failed to load resource|ERR_|dynamically imported module|Unable to preload/);
  await page.goto("/");
  await expectServiceWorker(page);
  await ask(page, "first");
  await page.getByRole("link", { name: "New chat" }).click();
  await composer(page).fill("half a thought");
  await context.setOffline(true);
  await page.reload();
  await expect(composer(page)).toHaveValue("half a thought");
  await expect(page.getByText("No connection to the server. What you type is kept")).toBeVisible();
  await composer(page).press("End");
  await composer(page).pressSequentially(", and a second half");
  await page.goto("/library");
  await expect(page.getByRole("alert")).toContainText(
    "A part of the page could not be loaded: the connection is gone",
  );
  await context.setOffline(false);
  await page.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByRole("heading", { name: "No documents yet" })).toBeVisible();
  await page.getByRole("link", { name: "New chat" }).click();
  await expect(composer(page)).toHaveValue("half a thought, and a second half");
  await expect(conversationLink(page, "first")).toBeVisible();
});

test("no answer of the API is kept, and none comes from what is kept", async ({
  page,
  context,
  gateway,
  expectedErrors,
}) => {
  expectedErrors.push(/ERR_|Failed to load resource/);
  await page.goto("/");
  await expectServiceWorker(page);
  await ask(page, "A secret question");
  await page.reload();
  await expect(conversationLink(page, "A secret question")).toBeVisible();
  const paths = await kept(page);
  expect(paths).toContain("/");
  expect(paths.filter((path) => path !== "/" && !path.startsWith("/assets/"))).toEqual([]);
  const texts = await page.evaluate(async () => {
    const names = await caches.keys();
    const entries = await Promise.all(names.map(async (name) => (await caches.open(name)).matchAll()));
    return (await Promise.all(entries.flat().map((response) => response.text()))).join("\n");
  });
  expect(texts).not.toContain("A secret question");
  gateway.drops(({ url }) => url?.startsWith("/api/"));
  expect(
    await page.evaluate(() =>
      fetch("/api/conversations").then(
        (response) => response.status,
        () => "no answer",
      ),
    ),
  ).toBe("no answer");
  await context.setOffline(true);
  expect(
    await page.evaluate(() =>
      fetch("/api/health").then(
        (response) => response.status,
        () => "no answer",
      ),
    ),
  ).toBe("no answer");
});
