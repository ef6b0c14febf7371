/** axe-core on the page as it stands. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import type { AxeResults } from "axe-core";
import { expect } from "./test.ts";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails for every violation of WCAG 2.2 A and AA and of axe's best practices, with the element that it is about. */
export async function expectAccessible(page: Page, screen: string): Promise<void> {
  // Evaluated by the debugger: a script of a page's own would be stopped by its content security policy.
  await page.evaluate(AXE);
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    return axe.run({ resultTypes: ["violations"] });
  });
  const found = results.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`),
  );
  expect(found, `axe-core on ${screen}`).toEqual([]);
}
