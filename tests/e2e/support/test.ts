/** Fixtures: a scripted model, the real server before it, a gateway between, and a page that may not misbehave. */
import { test as base, expect, type Page } from "@playwright/test";
import { Gateway } from "./gateway.ts";
import { ScriptedModel } from "./model.ts";
import { LocalServer } from "./server.ts";
import { slowDown } from "./slow.ts";

interface WorkerFixtures {
  readonly sharedModel: ScriptedModel;
  readonly sharedServer: LocalServer;
  readonly sharedGateway: Gateway;
}

interface Fixtures {
  /** What the model answers; it repeats the question until it is told. */
  readonly model: ScriptedModel;
  /** The server, empty at the beginning of every test. */
  readonly server: LocalServer;
  readonly gateway: Gateway;
  /** Whether the user has seen the first page already. */
  readonly welcomed: boolean;
  /** Sentences of the console that a test expects. Any other error fails it. */
  readonly expectedErrors: RegExp[];
  /** What the page did wrong so far. */
  readonly misdeeds: string[];
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  sharedModel: [
    async ({}, use) => {
      const model = await ScriptedModel.start();
      await use(model);
      await model.stop();
    },
    { scope: "worker" },
  ],
  sharedServer: [
    async ({ sharedModel }, use) => {
      const model = `openai:scripted@${sharedModel.url}`;
      const capabilities = { [model]: { context_tokens: 200_000 } };
      const server = await LocalServer.start({
        model,
        model_capabilities: JSON.stringify(capabilities),
        log_level: "ERROR",
      });
      await use(server);
      await server.stop();
      await server.forget();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  sharedGateway: [
    async ({ sharedServer }, use) => {
      const gateway = await Gateway.before(sharedServer.url);
      await use(gateway);
      await gateway.stop();
    },
    { scope: "worker" },
  ],
  model: async ({ sharedModel }, use) => {
    sharedModel.answers();
    await use(sharedModel);
  },
  // With the model, so that none goes on saying what the test before told it.
  server: async ({ sharedServer, model: _ }, use) => {
    await sharedServer.empty();
    await use(sharedServer);
  },
  gateway: async ({ sharedGateway }, use) => {
    sharedGateway.follows();
    await use(sharedGateway);
  },
  baseURL: async ({ gateway, server: _ }, use) => {
    await use(gateway.url);
  },
  welcomed: [true, { option: true }],
  expectedErrors: async ({}, use) => {
    await use([]);
  },
  misdeeds: async ({}, use) => {
    await use([]);
  },
  page: async ({ page, baseURL, welcomed, expectedErrors, misdeeds }, use) => {
    if (welcomed) await rememberWelcome(page);
    await slowDown(page);
    watch(page, new URL(baseURL ?? "").origin, misdeeds);
    await use(page);
    const unexpected = misdeeds.filter((deed) => !expectedErrors.some((pattern) => pattern.test(deed)));
    expect(
      unexpected,
      "errors of the console, refusals of the security policy, and requests to elsewhere",
    ).toEqual([]);
  },
});

/** Writes down what no page of ours may do. The browser reports a refused resource as an error of the console. */
export function watch(page: Page, origin: string, misdeeds: string[]): void {
  page.on(
    "console",
    (message) =>
      message.type() === "error" &&
      misdeeds.push(`${message.text()} ${pathOf(message.location().url)}`.trim()),
  );
  page.on("pageerror", (error) => misdeeds.push(String(error)));
  page.context().on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== origin) misdeeds.push(`request to ${url.origin}`);
  });
}

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : "");

export async function rememberWelcome(page: Page): Promise<void> {
  await page.addInitScript(() => {
    if (localStorage.getItem("chatbot.preferences") === null) {
      localStorage.setItem("chatbot.preferences", JSON.stringify({ welcomed: true }));
    }
  });
}

export { expect };
