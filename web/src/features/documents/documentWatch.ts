/** Follows documents that are being read, for everybody who shows them, with one poll. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "~/api/errors";
import type { DocumentView, Transport } from "./transport";

export interface Seen {
  /** `undefined`: the document is not there any more. */
  readonly view: DocumentView | undefined;
  /** Epoch milliseconds. */
  readonly at: number;
}

export type SeenById = Readonly<Record<string, Seen>>;

const SHORTEST = 700;
const LONGEST = 8_000;
/** While nobody looks at the page. */
const HIDDEN = 15_000;
/** So few are asked for one by one; more are looked up in the listing. */
const FEW = 5;

export const isFinished = (view: DocumentView): boolean =>
  view.status === "ready" || view.status === "failed";

export class DocumentWatch {
  /** What was seen last, by document id. */
  readonly seen: StoreApi<SeenById> = createStore<SeenById>(() => ({}));
  private readonly watchers = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = 0;
  /** The server asked for time. */
  private notBefore = 0;
  private pause = SHORTEST;
  private asking = false;

  constructor(private readonly transport: Pick<Transport, "look" | "list">) {}

  /** Follows the documents until each is finished or gone, or until the function that is returned is called. */
  watch(ids: readonly string[]): () => void {
    for (const id of ids) this.watchers.set(id, (this.watchers.get(id) ?? 0) + 1);
    if (ids.length) {
      this.pause = SHORTEST;
      this.schedule(SHORTEST);
    }
    let released = false;
    return () => {
      if (released) return;
      released = true;
      for (const id of ids) this.release(id);
    };
  }

  /** The document was seen by somebody else. */
  note(view: DocumentView): void {
    this.noteAll(new Map([[view.document_id, view]]));
  }

  /** What was seen of the document does not hold any more. */
  forget(id: string): void {
    const { [id]: _, ...rest } = this.seen.getState();
    this.seen.setState(rest, true);
  }

  /** Asks at once: the connection is back, or somebody looks again. */
  wake(): void {
    if (!this.watchers.size) return;
    this.pause = SHORTEST;
    this.schedule(0);
  }

  private release(id: string): void {
    const left = (this.watchers.get(id) ?? 0) - 1;
    if (left > 0) this.watchers.set(id, left);
    else this.watchers.delete(id);
    if (!this.watchers.size) this.unschedule();
  }

  /** Never later than it was going to be: a document that comes every moment must not put it off for ever. */
  private schedule(milliseconds: number): void {
    const due = Math.max(Date.now() + milliseconds, this.notBefore);
    if (this.asking || (this.timer !== undefined && this.due <= due)) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => void this.round(), due - Date.now());
  }

  private unschedule(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async round(): Promise<void> {
    this.unschedule();
    this.asking = true;
    let wait: number;
    try {
      const changed = await this.ask([...this.watchers.keys()]);
      this.pause = changed ? SHORTEST : Math.min(LONGEST, this.pause * 1.5);
      wait = document.hidden ? HIDDEN : this.pause;
    } catch (error) {
      const after = error instanceof ApiError ? error.retryAfter : undefined;
      this.notBefore = Date.now() + (after ?? 0) * 1000;
      this.pause = LONGEST;
      wait = LONGEST;
    }
    this.asking = false;
    if (this.watchers.size) this.schedule(wait);
  }

  /** Returns whether anything has changed. Fails with the error of the first request that failed. */
  private async ask(ids: readonly string[]): Promise<boolean> {
    const found = new Map<string, DocumentView | undefined>();
    const missing = new Set(ids);
    if (ids.length > FEW) {
      for await (const view of this.listing(missing)) {
        found.set(view.document_id, view);
        missing.delete(view.document_id);
      }
    }
    // One that came into the listing behind our back is looked for by itself.
    for (const id of [...missing].slice(0, FEW)) found.set(id, await this.lookFor(id));
    return this.noteAll(found);
  }

  /** Those of the documents that the listing holds; it is read no further than needed. */
  private async *listing(wanted: ReadonlySet<string>): AsyncGenerator<DocumentView> {
    let cursor: string | undefined;
    do {
      const page = await this.transport.list(cursor);
      for (const view of page.documents) if (wanted.has(view.document_id)) yield view;
      cursor = page.next_cursor ?? undefined;
    } while (cursor && wanted.size);
  }

  private async lookFor(id: string): Promise<DocumentView | undefined> {
    try {
      return await this.transport.look(id);
    } catch (error) {
      if (error instanceof ApiError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  private noteAll(found: ReadonlyMap<string, DocumentView | undefined>): boolean {
    const before = this.seen.getState();
    const now: Record<string, Seen> = { ...before };
    let changed = false;
    for (const [id, view] of found) {
      changed ||= !isSame(before[id]?.view, view);
      now[id] = { view, at: Date.now() };
      if (!view || isFinished(view)) this.watchers.delete(id);
    }
    if (found.size) this.seen.setState(now, true);
    return changed;
  }
}

function isSame(one: DocumentView | undefined, other: DocumentView | undefined): boolean {
  return one?.status === other?.status && one?.progress === other?.progress;
}
