/** The page's side of the service worker: installs it, and says when a newer version of the page is there. */
import { showUpdate } from "./updateNotice";

const CHECK_MS = 3_600_000;

/** Called once. Does nothing while developing, or where the browser has no service workers (an address that is neither https nor local). */
export function startPwa(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // After the page: the first paint must not wait for it.
  if (document.readyState === "complete") void register();
  else addEventListener("load", () => void register());
}

async function register(): Promise<void> {
  const workers = navigator.serviceWorker;
  workers.addEventListener("controllerchange", () => void look());
  try {
    const registration = await workers.register("/sw.js", { updateViaCache: "none" });
    checkNowAndThen(registration);
    const { active } = await workers.ready;
    active?.postMessage({ type: "used", paths: usedAssets() });
  } catch {
    // Forbidden, or storage is full: everything but starting offline works without.
  }
}

/** A new worker took over: it comes from the newest build. Does this page? */
async function look(): Promise<void> {
  const entry = entryOf(document);
  const worker = navigator.serviceWorker.controller;
  if (!entry || !worker) return;
  if (!(await knows(worker, entry))) showUpdate();
}

function knows(worker: ServiceWorker, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event: MessageEvent<unknown>) => {
      port1.close();
      resolve(event.data === true);
    };
    worker.postMessage({ type: "knows", paths: [path] }, [port2]);
  });
}

/** Path of the script that the page began with. Its name changes with anything that it leads to. */
export function entryOf(page: Document): string | undefined {
  const script = page.querySelector<HTMLScriptElement>('script[type="module"][src]');
  return script ? new URL(script.src, page.baseURI).pathname : undefined;
}

/** What the page loaded before there was a worker to keep it, such as its language. */
function usedAssets(): string[] {
  const urls = performance.getEntriesByType("resource").map((entry) => new URL(entry.name));
  return urls.filter(({ origin }) => origin === location.origin).map(({ pathname }) => pathname);
}

/** Browsers look for a new worker when a page is opened; one that stays open for days looks itself. */
function checkNowAndThen(registration: ServiceWorkerRegistration): void {
  let last = Date.now();
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || Date.now() - last < CHECK_MS) return;
    last = Date.now();
    registration.update().catch(() => undefined);
  });
}
