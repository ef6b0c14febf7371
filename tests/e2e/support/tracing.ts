/** Frames and tasks of a page, as the browser's own tracing saw them. Times are in milliseconds. */
import type { Browser, Page } from "@playwright/test";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly args?: { readonly name?: string };
}

export interface Smoothness {
  /** Frames drawn per second, between the first and the last. */
  readonly framesPerSecond: number;
  /** The longest time from one drawn frame to the next. */
  readonly longestFrame: number;
  readonly framesOver50: number;
  readonly frames: number;
  /** The longest piece of work of the page's main thread. */
  readonly longestTask: number;
  readonly tasksOver50: number;
}

export type FrameEvent = "DrawFrame" | "FireAnimationFrame";

const CATEGORIES = [
  "devtools.timeline",
  "disabled-by-default-devtools.timeline",
  "disabled-by-default-devtools.timeline.frame",
];

/**
 * Traces the page while `work` runs. `frames` says which events are frames: `DrawFrame`, what the compositor put on the screen (of use
 * while something moves all the time: a page at rest draws nothing), or `FireAnimationFrame`, the page's turn in each frame. For the
 * latter the page is made to ask for every frame, so that one that comes late shows, whether there was something to draw or not.
 */
export async function traced(
  browser: Browser,
  page: Page,
  frames: FrameEvent,
  work: () => Promise<void>,
): Promise<Smoothness> {
  if (frames === "FireAnimationFrame") await page.evaluate(askForEveryFrame);
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  return smoothnessOf(traceEvents, frames);
}

function askForEveryFrame(): void {
  const ask = (): void => {
    requestAnimationFrame(ask);
  };
  ask();
}

/** Of all renderers the one with the most frames is the page's. */
export function smoothnessOf(events: readonly TraceEvent[], frames: FrameEvent): Smoothness {
  const drawn = busiest(events.filter((event) => event.name === frames));
  const times = drawn.map((event) => event.ts / 1000).sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const tasks = mainThreadTasks(events, drawn[0]?.pid);
  const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return {
    framesPerSecond: span > 0 ? (gaps.length * 1000) / span : 0,
    longestFrame: Math.max(0, ...gaps),
    framesOver50: gaps.filter((gap) => gap > 50).length,
    frames: times.length,
    longestTask: Math.max(0, ...tasks),
    tasksOver50: tasks.filter((task) => task > 50).length,
  };
}

function busiest(events: readonly TraceEvent[]): TraceEvent[] {
  return [...grouped(events).values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

function grouped(events: readonly TraceEvent[]): Map<number, TraceEvent[]> {
  const groups = new Map<number, TraceEvent[]>();
  for (const event of events) {
    const group = groups.get(event.pid);
    if (group) group.push(event);
    else groups.set(event.pid, [event]);
  }
  return groups;
}

function mainThreadTasks(events: readonly TraceEvent[], pid: number | undefined): number[] {
  const main = events.find(
    (event) => event.name === "thread_name" && event.pid === pid && event.args?.name === "CrRendererMain",
  );
  return events.flatMap((event) =>
    event.name === "RunTask" && event.pid === pid && event.tid === main?.tid && event.dur !== undefined
      ? [event.dur / 1000]
      : [],
  );
}
