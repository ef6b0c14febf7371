/**
 * The service worker: the page starts without a connection, and a slow server does not hold it up. It knows nothing of conversations:
 * requests below /api go past it, and are never kept.
 *
 * The build puts `{version, shell}` in the place of __BUILD__ (vite/serviceWorker.ts). `shell` is what the page needs to start. Its own
 * HTML is fetched from the server first; scripts and styles have their hash in their names, so what is kept of them is never stale.
 *
 * A new build takes over at once. Open pages go on with what they loaded: the cache of the build before stays until the next one.
 */
const BUILD = __BUILD__;
const PREFIX = "chatbot-shell-";
const CACHE = PREFIX + BUILD.version;
const HTML = "/";
/** After this long without an answer the page starts from what is kept, in milliseconds. */
const PATIENCE = 3_000;

self.addEventListener("install", (event) => {
  // Where browsers can: requests of the API do not even wake the worker. A request that a page sends as it goes away is lost by
  // Chromium where it has to wait for one.
  const past = event.addRoutes?.({ condition: { urlPattern: { pathname: "/api/*" } }, source: "network" });
  event.waitUntil(Promise.all([past, install()]));
});
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (isPage(url.pathname)) event.respondWith(page(request));
  } else if (isAsset(url.pathname)) event.respondWith(asset(event));
});
self.addEventListener("message", (event) => {
  const { type, paths } = event.data ?? {};
  // Of this build? The page asks whether it is the newest itself.
  if (type === "knows") event.ports[0]?.postMessage(paths.every((path) => BUILD.shell.includes(path)));
  // Loaded before this worker was there.
  if (type === "used") event.waitUntil(keep(paths.filter(isAsset)));
});

async function install() {
  const cache = await caches.open(CACHE);
  // What has no hash in its name may be kept by the browser, stale.
  await cache.addAll(
    BUILD.shell.map((path) => new Request(path, { cache: isAsset(path) ? "default" : "reload" })),
  );
  await self.skipWaiting();
}

async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // In the order they were made: the last is the build before.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  const cache = await caches.open(CACHE);
  const kept = () => cache.match(HTML, { ignoreVary: true });
  const network = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE)).then(kept);
  try {
    const response = (await Promise.race([network, late])) ?? (await network);
    return response.status < 500 ? response : ((await kept()) ?? response);
  } catch {
    return (await kept()) ?? Response.error();
  }
}

async function asset(event) {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request).catch(() => undefined);
  if (response && isWhole(response)) {
    // Where storage is full the page goes on without.
    event.waitUntil(cache.put(request, response.clone()).catch(() => undefined));
    return response;
  }
  // Gone from the server: of the build before, which an open page still runs.
  return (await caches.match(request, { ignoreVary: true })) ?? response ?? Response.error();
}

async function keep(paths) {
  const cache = await caches.open(CACHE);
  for (const path of paths) {
    if (await cache.match(path, { ignoreVary: true })) continue;
    const response = await fetch(path).catch(() => undefined);
    if (response && isWhole(response)) await cache.put(path, response).catch(() => undefined);
  }
}

const isPage = (path) => path !== "/api" && !path.startsWith("/api/") && !isAsset(path);
const isAsset = (path) => path.startsWith("/assets/");
/** A server that gives the page's HTML for whatever it does not have must not poison the cache. */
const isWhole = (response) =>
  response.status === 200 && !(response.headers.get("content-type") ?? "").startsWith("text/html");
