/** Sends files, a few at once, and follows each until its document can be used. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "~/api/errors";
import type { DocumentWatch } from "./documentWatch";
import type { Announced, Transport } from "./transport";
import { type Given, withAdded } from "./uploadBatch";
import { type Hold, isOver, stateOfView, type UploadItem, type UploadState, verdictOn } from "./uploadItems";

export interface UploadsState {
  readonly items: readonly UploadItem[];
  readonly hold: Hold | undefined;
}

interface QueueOptions {
  readonly transport: Transport;
  readonly watch: DocumentWatch;
  /** The server knows of the document from now on. */
  readonly onAnnounced?: (item: UploadItem) => void;
}

const AT_ONCE = 3;
const LONGEST_HOLD = 30;
const THROTTLED_WITHOUT_WORD = 5;

export class UploadQueue {
  readonly store: StoreApi<UploadsState> = createStore<UploadsState>(() => ({ items: [], hold: undefined }));
  private readonly running = new Map<number, AbortController>();
  private readonly removals = new Map<string, Promise<void>>();
  private readonly releases = new Map<number, () => void>();
  private holdTimer: ReturnType<typeof setTimeout> | undefined;
  private holdsInARow = 0;

  constructor(private readonly options: QueueOptions) {
    options.watch.seen.subscribe(() => this.followViews());
  }

  /** Adds files. One of the same name that is still under way gives way to the later one. */
  add(given: Iterable<Given>, conversationId?: string): void {
    const { items, leaving } = withAdded(this.store.getState().items, given, conversationId);
    for (const item of leaving) {
      this.running.get(item.id)?.abort();
      this.releases.get(item.id)?.();
      this.releases.delete(item.id);
    }
    this.store.setState({ items });
    this.pump();
  }

  /** Ends the sending of files that are not there yet. What was announced and never came is taken back. */
  cancel(ids: readonly number[]): void {
    for (const item of this.itemsOf(ids)) {
      if (item.state.name !== "waiting" && item.state.name !== "uploading") continue;
      this.change(item.id, { state: { name: "cancelled" } });
      this.running.get(item.id)?.abort();
      if (item.documentId) void this.takeBack(item.path, item.documentId, item.isNew);
    }
    this.pump();
  }

  /** Tries again: the bytes where they did not arrive, else the reading of them. */
  retry(ids: readonly number[]): void {
    for (const item of this.itemsOf(ids)) {
      const { state } = item;
      if (state.name === "failed" && state.stage === "reading" && item.documentId)
        void this.readAgain(item, item.documentId);
      else if (state.name === "failed" || state.name === "cancelled") this.sendAgain(item.id);
    }
    this.pump();
  }

  /** Forgets files that are over with. */
  dismiss(ids: readonly number[]): void {
    const gone = new Set(
      this.itemsOf(ids)
        .filter(({ state }) => isOver(state))
        .map(({ id }) => id),
    );
    this.store.setState(({ items }) => ({ items: items.filter(({ id }) => !gone.has(id)) }));
  }

  /** What was attached to one conversation belongs to another: the new one got its id. */
  reattach(from: string, to: string): void {
    const { items } = this.store.getState();
    if (!items.some(({ conversationId }) => conversationId === from)) return;
    this.store.setState({
      items: items.map((item) => (item.conversationId === from ? { ...item, conversationId: to } : item)),
    });
  }

  /** Goes on now: there is a connection, a key, or somebody who does not want to wait. */
  resume(): void {
    clearTimeout(this.holdTimer);
    if (this.store.getState().hold) this.store.setState({ hold: undefined });
    this.pump();
  }

  private pump(): void {
    const { items, hold } = this.store.getState();
    if (hold) return;
    const now = Date.now();
    for (const item of items) {
      if (this.running.size >= AT_ONCE) return;
      if (item.state.name === "waiting" && item.notBefore <= now && !this.running.has(item.id))
        void this.run(item);
    }
  }

  private async run(item: UploadItem): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.running.set(item.id, controller);
    this.change(item.id, { state: { name: "uploading", sent: 0 } });
    let stage: "announce" | "send" = "announce";
    try {
      const announced = await this.announce(item, signal);
      if (!announced || !item.file) return;
      stage = "send";
      const onProgress = (sent: number): void => {
        if (!signal.aborted) this.change(item.id, { state: { name: "uploading", sent } });
      };
      await this.options.transport.send(announced, item.file, { onProgress, signal });
      if (!signal.aborted) this.follow(item.id, announced.documentId);
    } catch (error) {
      if (!signal.aborted) this.judge(item.id, asApiError(error), stage);
    } finally {
      this.running.delete(item.id);
      this.pump();
    }
  }

  /** `undefined` where it was cancelled meanwhile. */
  private async announce(item: UploadItem, signal: AbortSignal): Promise<Announced | undefined> {
    // What is being taken back must not take the new announcement with it.
    await this.removals.get(item.path);
    if (!item.file || signal.aborted) return undefined;
    const announced = await this.options.transport.announce(item.path, item.file);
    this.holdsInARow = 0;
    // A second announcement finds the first one.
    const isNew = item.isNew ?? !announced.replaces;
    const replaces = item.replaces ?? (isNew ? undefined : "document");
    const now = this.change(item.id, { documentId: announced.documentId, isNew, replaces });
    if (!signal.aborted) {
      if (now) this.options.onAnnounced?.(now);
      return announced;
    }
    // Where it is not in the list any more it gave way to a later file of its name, and that one needs the document.
    if (now) await this.takeBack(item.path, announced.documentId, isNew);
    return undefined;
  }

  private judge(id: number, error: ApiError, stage: "announce" | "send"): void {
    const item = this.itemsOf([id])[0];
    if (!item) return;
    const verdict = verdictOn(error, stage, item.attempts);
    const waiting: Partial<UploadItem> = { state: { name: "waiting" } };
    if (verdict.kind === "fail") {
      this.change(id, { state: { name: "failed", stage: "upload", error } });
      if (error.code === "documents_disabled") this.failAllWaiting(error);
    } else if (verdict.kind === "again") {
      const notBefore = Date.now() + verdict.seconds * 1000;
      this.change(id, { ...waiting, attempts: item.attempts + 1, notBefore });
      setTimeout(() => this.pump(), verdict.seconds * 1000 + 1);
    } else {
      const counts = verdict.counts && navigator.onLine;
      this.change(id, { ...waiting, attempts: item.attempts + (counts ? 1 : 0) });
      this.holdUp(verdict.reason, error.retryAfter);
    }
  }

  private holdUp(reason: Hold["reason"], retryAfter: number | undefined): void {
    // Those that were sent at the same time fail at the same time: one hold for all of them.
    if (this.store.getState().hold) return;
    this.holdsInARow += 1;
    const base = reason === "throttled" ? THROTTLED_WITHOUT_WORD : 1;
    const seconds = retryAfter ?? Math.min(LONGEST_HOLD, base * 2 ** this.holdsInARow);
    clearTimeout(this.holdTimer);
    if (reason === "unauthorized") {
      this.store.setState({ hold: { reason, until: undefined } });
      return;
    }
    this.store.setState({ hold: { reason, until: Date.now() + seconds * 1000 } });
    this.holdTimer = setTimeout(() => this.resume(), seconds * 1000);
  }

  /** Each of them would hear the same. */
  private failAllWaiting(error: ApiError): void {
    const failed: UploadState = { name: "failed", stage: "upload", error };
    this.store.setState(({ items }) => ({
      items: items.map((item) => (item.state.name === "waiting" ? { ...item, state: failed } : item)),
    }));
  }

  private sendAgain(id: number): void {
    this.change(id, { state: { name: "waiting" }, attempts: 0, notBefore: 0 });
  }

  private async readAgain(item: UploadItem, documentId: string): Promise<void> {
    this.change(item.id, { state: { name: "processing", progress: undefined } });
    try {
      await this.options.transport.retry(documentId);
      this.follow(item.id, documentId);
    } catch (error) {
      const failed = asApiError(error);
      // The file is not there (any more): then it is sent again.
      const isGone = failed.status === 404 || failed.status === 422;
      if (isGone && item.file && failed.code !== "documents_disabled") {
        this.sendAgain(item.id);
        this.pump();
      } else this.change(item.id, { state: { name: "failed", stage: "reading", error: failed } });
    }
  }

  private follow(id: number, documentId: string): void {
    // What was seen of it before is about the bytes that stood there before.
    this.options.watch.forget(documentId);
    this.change(id, { state: { name: "processing", progress: undefined } });
    this.releases.set(id, this.options.watch.watch([documentId]));
  }

  private followViews(): void {
    const seen = this.options.watch.seen.getState();
    let changed = false;
    const items = this.store.getState().items.map((item) => {
      const found = item.documentId === undefined ? undefined : seen[item.documentId];
      if (item.state.name !== "processing" || !found || !this.releases.has(item.id)) return item;
      const state = found.view ? stateOfView(found.view) : GONE;
      if (isSameState(state, item.state)) return item;
      changed = true;
      if (isOver(state)) this.releases.delete(item.id);
      return { ...item, state, file: state.name === "ready" ? undefined : item.file };
    });
    if (changed) this.store.setState({ items });
  }

  /** A document that was not there before goes. One that was is looked at again, and stays as it is. */
  private takeBack(path: string, documentId: string, isNew: boolean | undefined): Promise<void> {
    const { transport } = this.options;
    const taken: Promise<unknown> = isNew ? transport.remove(documentId) : transport.retry(documentId);
    const removal = taken.then(
      () => undefined,
      () => undefined,
    );
    this.removals.set(path, removal);
    return removal.finally(() => this.removals.delete(path));
  }

  private itemsOf(ids: readonly number[]): UploadItem[] {
    const wanted = new Set(ids);
    return this.store.getState().items.filter(({ id }) => wanted.has(id));
  }

  private change(id: number, change: Partial<UploadItem>): UploadItem | undefined {
    let changed: UploadItem | undefined;
    const items = this.store.getState().items.map((item) => {
      if (item.id !== id) return item;
      changed = { ...item, ...change };
      return changed;
    });
    if (changed) this.store.setState({ items });
    return changed;
  }
}

const GONE: UploadState = {
  name: "failed",
  stage: "upload",
  error: new ApiError(404, "not_found", ""),
};

function isSameState(one: UploadState, other: UploadState): boolean {
  return (
    one.name === other.name &&
    (one.name !== "processing" || other.name !== "processing" || one.progress === other.progress)
  );
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, "unreadable", "");
}
