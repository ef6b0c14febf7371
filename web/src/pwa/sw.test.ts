/** The service worker as it is shipped, in a browser made of maps. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import SOURCE from "./sw.js?raw";

const ORIGIN = "https://chat.example";
const SHELL = ["/", "/assets/index-1.js", "/assets/index-1.css"];

type Handler = (event: Record<string, unknown>) => void;
type Server = (path: string) => Response | Promise<Response>;

class FakeCache {
  readonly kept = new Map<string, Response>();
  async match(request: Request | string): Promise<Response | undefined> {
    return this.kept.get(pathOf(request))?.clone();
  }
  async put(request: Request | string, response: Response): Promise<void> {
    if (full) throw new DOMException("", "QuotaExceededError");
    this.kept.set(pathOf(request), response);
  }
  async addAll(requests: Request[]): Promise<void> {
    const responses = await Promise.all(requests.map((request) => fetchFrom(request)));
    if (responses.some((response) => !response.ok)) throw new TypeError("not OK");
    await Promise.all(requests.map((request, index) => this.put(request, responses[index] as Response)));
  }
}

let storage: Map<string, FakeCache>;
let server: Server;
let asked: { path: string; cache: string }[];
let full: boolean;

const caches = {
  open: async (name: string) => {
    const cache = storage.get(name) ?? new FakeCache();
    storage.set(name, cache);
    return cache;
  },
  keys: async () => [...storage.keys()],
  delete: async (name: string) => storage.delete(name),
  match: async (request: Request | string) => {
    for (const cache of storage.values()) {
      const found = await cache.match(request);
      if (found) return found;
    }
    return undefined;
  },
};

const pathOf = (request: Request | string): string =>
  typeof request === "string" ? request : new URL(request.url).pathname;

async function fetchFrom(request: Request | string): Promise<Response> {
  asked.push({ path: pathOf(request), cache: typeof request === "string" ? "default" : request.cache });
  return await server(pathOf(request));
}

/** Addresses as a worker has them: relative to its own. */
class OwnRequest extends Request {
  override readonly cache: RequestCache;
  constructor(input: string, init: RequestInit) {
    super(new URL(input, ORIGIN), init);
    this.cache = init.cache ?? "default";
  }
}

function start(version: string, shell = SHELL) {
  const handlers = new Map<string, Handler>();
  const self = {
    location: { origin: ORIGIN },
    addEventListener: (type: string, handler: Handler) => handlers.set(type, handler),
    skipWaiting: vi.fn(async () => undefined),
    clients: { claim: vi.fn(async () => undefined) },
  };
  const text = SOURCE.replace("__BUILD__;", `${JSON.stringify({ version, shell })};`);
  const run = new Function("self", "caches", "fetch", "Request", text);
  run(self, caches, fetchFrom, OwnRequest);

  const wait = async (type: string, event: Record<string, unknown> = {}): Promise<void> => {
    const pending: unknown[] = [];
    handlers.get(type)?.({ ...event, waitUntil: (promise: unknown) => pending.push(promise) });
    await Promise.all(pending);
  };
  const get = async (path: string, change: Record<string, unknown> = {}): Promise<Response | undefined> => {
    const url = new URL(path, ORIGIN);
    const request = new Proxy(new Request(url, { method: (change.method as string) ?? "GET" }), {
      // Nobody but a browser makes a request with this mode.
      get: (target, name) =>
        name in change ? change[name as string] : (Reflect.get(target, name) as unknown),
    });
    let answer: Promise<Response> | undefined;
    const pending: unknown[] = [];
    handlers.get("fetch")?.({
      request,
      respondWith: (promise: Promise<Response>) => {
        answer = promise;
      },
      waitUntil: (promise: unknown) => pending.push(promise),
    });
    const response = await answer;
    await Promise.all(pending);
    return response;
  };
  const navigate = (path: string) => get(path, { mode: "navigate" });
  const install = async (): Promise<void> => {
    await wait("install");
    await wait("activate");
  };
  return { self, wait, get, navigate, install };
}

const online: Server = (path) =>
  new Response(`served ${path}`, { headers: { "content-type": "text/plain" } });
const offline: Server = () => Promise.reject(new TypeError("Failed to fetch"));
const textOf = async (response: Response | undefined): Promise<string | undefined> => await response?.text();

beforeEach(() => {
  storage = new Map();
  server = online;
  asked = [];
  full = false;
});

describe("installing", () => {
  it("keeps what the page needs to start, its HTML fetched anew", async () => {
    const worker = start("1");
    await worker.install();
    expect([...(storage.get("chatbot-shell-1")?.kept.keys() ?? [])]).toEqual(SHELL);
    expect(asked.map(({ path, cache }) => [path, cache])).toEqual([
      ["/", "reload"],
      ["/assets/index-1.js", "default"],
      ["/assets/index-1.css", "default"],
    ]);
    expect(worker.self.skipWaiting).toHaveBeenCalledOnce();
    expect(worker.self.clients.claim).toHaveBeenCalledOnce();
  });

  it("lets requests of the API past without waking it, where the browser can", async () => {
    const addRoutes = vi.fn(async () => undefined);
    await start("1").wait("install", { addRoutes });
    expect(addRoutes).toHaveBeenCalledExactlyOnceWith({
      condition: { urlPattern: { pathname: "/api/*" } },
      source: "network",
    });
  });

  it("fails where a part is missing, so that the worker before stays", async () => {
    server = (path) => (path.endsWith(".css") ? new Response("", { status: 404 }) : online(path));
    const worker = start("1");
    await expect(worker.wait("install")).rejects.toThrow();
    expect(worker.self.skipWaiting).not.toHaveBeenCalled();
  });

  it("deletes what older builds kept, except the one before, and nothing of others", async () => {
    for (const version of ["1", "2", "3"]) await start(version).install();
    await caches.open("somebody else's");
    await start("4").install();
    expect([...storage.keys()]).toEqual(["chatbot-shell-3", "somebody else's", "chatbot-shell-4"]);
  });
});

describe("what goes past it", () => {
  it.each([
    ["/api/conversations", {}],
    ["/api/chat", { method: "POST" }],
    ["/api/documents/d1/content", { mode: "navigate" }],
    ["/api", { mode: "navigate" }],
    ["/assets/index-1.js", { method: "POST" }],
    ["https://elsewhere.example/assets/x.js", {}],
    ["/icon.svg", {}],
    ["/manifest.webmanifest", {}],
    ["/", {}],
  ])("is %s with %j", async (path, change) => {
    const worker = start("1");
    await worker.install();
    asked = [];
    expect(await worker.get(path, change)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe("opening a page", () => {
  it("asks the server first, and keeps nothing of its answer", async () => {
    const worker = start("1");
    await worker.install();
    expect(await textOf(await worker.navigate("/c/abc"))).toBe("served /c/abc");
    expect(storage.get("chatbot-shell-1")?.kept.has("/c/abc")).toBe(false);
  });

  it.each(["/", "/c/a.b-c_d", "/library"])(
    "starts %s from what is kept without a connection",
    async (path) => {
      const worker = start("1");
      await worker.install();
      server = offline;
      expect(await textOf(await worker.navigate(path))).toBe("served /");
    },
  );

  it("starts from what is kept where the server fails, and shows a refusal as it is", async () => {
    const worker = start("1");
    await worker.install();
    server = () => new Response("bad gateway", { status: 502 });
    expect(await textOf(await worker.navigate("/"))).toBe("served /");
    server = () => new Response("who are you", { status: 401 });
    expect(await textOf(await worker.navigate("/"))).toBe("who are you");
  });

  it("does not wait for long for a slow server", async () => {
    vi.useFakeTimers();
    const worker = start("1");
    await worker.install();
    server = () => new Promise(() => undefined);
    const opened = worker.navigate("/");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await textOf(await opened)).toBe("served /");
    vi.useRealTimers();
  });

  it("waits for a slow server where nothing is kept, and fails as a browser does without one", async () => {
    vi.useFakeTimers();
    const worker = start("1");
    server = () => new Promise((resolve) => setTimeout(() => resolve(new Response("late")), 10_000));
    const opened = worker.navigate("/");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await textOf(await opened)).toBe("late");
    vi.useRealTimers();
    server = offline;
    expect((await worker.navigate("/"))?.type).toBe("error");
  });
});

describe("scripts and styles", () => {
  it("come from what is kept, without asking", async () => {
    const worker = start("1");
    await worker.install();
    asked = [];
    expect(await textOf(await worker.get("/assets/index-1.js"))).toBe("served /assets/index-1.js");
    expect(asked).toEqual([]);
  });

  it("are kept as they are used", async () => {
    const worker = start("1");
    await worker.get("/assets/german-1.js");
    server = offline;
    expect(await textOf(await worker.get("/assets/german-1.js"))).toBe("served /assets/german-1.js");
  });

  it.each([
    [
      "the page's HTML for what is not there",
      () => new Response("<!doctype html>", { headers: { "content-type": "text/html; charset=utf-8" } }),
    ],
    ["an error", () => new Response("", { status: 503 })],
    ["a part", () => new Response("", { status: 206 })],
  ])("are not kept where the server gives %s", async (_name, answer) => {
    const worker = start("1");
    server = answer;
    await worker.get("/assets/a-1.js");
    expect(storage.get("chatbot-shell-1")?.kept.size).toBe(0);
  });

  it("of the build before are there for a page that still runs it", async () => {
    await start("1").install();
    const worker = start("2", ["/", "/assets/index-2.js"]);
    await worker.install();
    server = () => new Response("", { status: 404 });
    expect(await textOf(await worker.get("/assets/index-1.js"))).toBe("served /assets/index-1.js");
  });

  it("come through where nothing can be kept", async () => {
    full = true;
    expect(await textOf(await start("1").get("/assets/a-1.js"))).toBe("served /assets/a-1.js");
  });

  it("fail as without a worker where there is no connection", async () => {
    server = offline;
    expect((await start("1").get("/assets/a-1.js"))?.type).toBe("error");
  });
});

describe("messages of the page", () => {
  it("are answered: whether a path belongs to this build", async () => {
    const worker = start("1");
    const ask = async (path: string): Promise<unknown> => {
      const postMessage = vi.fn();
      await worker.wait("message", { data: { type: "knows", paths: [path] }, ports: [{ postMessage }] });
      return postMessage.mock.calls[0]?.[0];
    };
    expect(await ask("/assets/index-1.js")).toBe(true);
    expect(await ask("/assets/index-0.js")).toBe(false);
  });

  it("make it keep what was loaded before it was there, and never an answer of the API", async () => {
    const worker = start("1");
    await worker.wait("message", {
      data: { type: "used", paths: ["/assets/german-1.js", "/api/conversations", "/"] },
      ports: [],
    });
    expect([...(storage.get("chatbot-shell-1")?.kept.keys() ?? [])]).toEqual(["/assets/german-1.js"]);
  });

  it.each([undefined, null, "hello", {}, { type: "other" }])(
    "are ignored where they are %j",
    async (data) => {
      await expect(start("1").wait("message", { data, ports: [] })).resolves.toBeUndefined();
    },
  );
});
