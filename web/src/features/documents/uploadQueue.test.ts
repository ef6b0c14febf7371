import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { DocumentWatch } from "./documentWatch";
import type { Announced, DocumentView, SendOptions, Transport } from "./transport";
import type { UploadItem } from "./uploadItems";
import { UploadQueue } from "./uploadQueue";

/** A server in memory: documents by name, bytes as they come, and failures to order. */
class FakeServer implements Transport {
  readonly documents = new Map<string, DocumentView>();
  readonly log: string[] = [];
  sendingNow = 0;
  mostAtOnce = 0;
  announceErrors: ApiError[] = [];
  sendErrors: ApiError[] = [];
  retryError: ApiError | undefined;
  /** Whether bytes go through at once, or wait for `deliver`. */
  slow = false;
  private readonly sending = new Map<string, () => void>();

  async announce(path: string, file: File): Promise<Announced> {
    this.log.push(`announce ${path}`);
    const error = this.announceErrors.shift();
    if (error) throw error;
    const id = `id-${path}`;
    const replaces = this.documents.has(id);
    this.documents.set(id, view(id, path, { status: "queued", size: file.size }));
    return { documentId: id, target: { url: "/", method: "PUT", headers: {} }, replaces };
  }

  send({ documentId }: Announced, file: File, { onProgress, signal }: SendOptions): Promise<void> {
    this.log.push(`send ${documentId}`);
    this.sendingNow += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.sendingNow);
    const error = this.sendErrors.shift();
    return new Promise<void>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      const finish = (): void => (error ? reject(error) : resolve());
      onProgress(file.size / 2);
      if (this.slow) this.sending.set(documentId, finish);
      else finish();
    }).finally(() => {
      this.sendingNow -= 1;
    });
  }

  deliver(path: string): void {
    this.sending.get(`id-${path}`)?.();
  }

  becomes(path: string, change: Partial<DocumentView>): void {
    const id = `id-${path}`;
    const before = this.documents.get(id);
    if (before) this.documents.set(id, { ...before, ...change });
  }

  allBecome(change: Partial<DocumentView>): void {
    for (const [id, before] of this.documents) this.documents.set(id, { ...before, ...change });
  }

  async look(id: string): Promise<DocumentView> {
    this.log.push(`look ${id}`);
    const found = this.documents.get(id);
    if (!found) throw new ApiError(404, "not_found", "There is no such document.");
    return found;
  }

  async list(cursor = "0") {
    this.log.push(`list ${cursor}`);
    const all = [...this.documents.values()];
    const end = Number(cursor) + 200;
    return {
      documents: all.slice(Number(cursor), end),
      ...(end < all.length ? { next_cursor: String(end) } : {}),
    };
  }

  async retry(id: string): Promise<DocumentView> {
    this.log.push(`retry ${id}`);
    if (this.retryError) throw this.retryError;
    this.documents.set(id, { ...(await this.look(id)), status: "queued", error: null });
    return this.look(id);
  }

  async remove(id: string): Promise<void> {
    this.log.push(`remove ${id}`);
    this.documents.delete(id);
  }
}

function view(id: string, filename: string, change: Partial<DocumentView>): DocumentView {
  return {
    document_id: id,
    filename,
    status: "queued",
    chunks: 0,
    created_at: "2026-11-21T10:00:00.000001Z",
    updated_at: "2026-11-21T10:00:00.000001Z",
    ...change,
  };
}

const file = (name: string, text = "some text"): File => new File([text], name, { type: "text/plain" });
const offline = () => new ApiError(0, "offline", "");

let server: FakeServer;
let announced: UploadItem[];
let queue: UploadQueue;

const items = (): readonly UploadItem[] => queue.store.getState().items;
const item = (path: string): UploadItem => {
  const found = items().find((each) => each.path === path);
  if (!found) throw new Error(`${path} is not in the list`);
  return found;
};
const states = (): string[] => items().map(({ state }) => state.name);
const hold = () => queue.store.getState().hold;
const later = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
const times = (what: string): number => server.log.filter((line) => line.startsWith(what)).length;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  announced = [];
  queue = new UploadQueue({
    transport: server,
    watch: new DocumentWatch(server),
    onAnnounced: (each) => announced.push(each),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a file", () => {
  it("is announced, sent, read, and then ready and let go of", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    expect(item("a.txt").state).toEqual({ name: "processing", progress: undefined });
    server.becomes("a.txt", { status: "processing", progress: 0.5 });
    await later(1_000);
    expect(item("a.txt").state).toEqual({ name: "processing", progress: 0.5 });
    expect(item("a.txt").file).toBeDefined();
    server.becomes("a.txt", { status: "ready" });
    await later(1_000);
    expect(item("a.txt").state).toEqual({ name: "ready" });
    expect(item("a.txt").file).toBeUndefined();
  });

  it("shows how many of its bytes are sent", async () => {
    server.slow = true;
    queue.add([file("a.txt", "12345678")]);
    await later(0);
    expect(item("a.txt").state).toEqual({ name: "uploading", sent: 4 });
  });

  it("keeps the folders it lies in, in composed characters", async () => {
    queue.add([{ file: file("x.txt"), path: "Schu\u0308ler/x.txt" }]);
    await later(0);
    expect(items().map(({ path }) => path)).toEqual(["Sch\u00fcler/x.txt"]);
    expect(server.log[0]).toBe("announce Sch\u00fcler/x.txt");
  });

  it("is not asked about any more once it is finished", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    server.becomes("a.txt", { status: "ready" });
    await later(2_000);
    const asked = server.log.length;
    await later(60_000);
    expect(server.log.length).toBe(asked);
  });

  it("that the server refuses fails with the server's sentence, and is not sent", async () => {
    server.announceErrors = [new ApiError(413, "too_large", "The file has 300 MB, and 100 MB are taken.")];
    queue.add([file("a.txt")]);
    await later(0);
    expect(item("a.txt").state).toMatchObject({
      name: "failed",
      stage: "upload",
      error: { message: "The file has 300 MB, and 100 MB are taken." },
    });
    expect(times("send")).toBe(0);
  });

  it("whose reading fails says why and is read again on demand, without its bytes being sent again", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    server.becomes("a.txt", { status: "failed", error: "The PDF is protected by a password." });
    await later(1_000);
    expect(item("a.txt").state).toMatchObject({
      name: "failed",
      stage: "reading",
      error: { message: "The PDF is protected by a password." },
    });
    queue.retry([item("a.txt").id]);
    await later(0);
    server.becomes("a.txt", { status: "ready" });
    await later(2_000);
    expect(item("a.txt").state.name).toBe("ready");
    expect(times("send")).toBe(1);
  });

  it("whose bytes the server lost is sent again when it is retried", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    server.becomes("a.txt", { status: "failed", error: "gone" });
    await later(1_000);
    server.retryError = new ApiError(422, "invalid_field", "The file of this document is not there.");
    queue.retry([item("a.txt").id]);
    await later(0);
    expect(times("send")).toBe(2);
  });

  it("that is deleted while it is read has failed", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    server.documents.clear();
    await later(1_000);
    expect(item("a.txt").state).toMatchObject({ name: "failed", error: { code: "not_found" } });
  });

  it("tells who attached it once the server knows it", async () => {
    queue.add([file("a.txt")], "conversation-1");
    await later(0);
    expect(announced).toMatchObject([{ documentId: "id-a.txt", conversationId: "conversation-1" }]);
  });
});

describe("many files", () => {
  it("go three at once", async () => {
    queue.add(Array.from({ length: 20 }, (_, n) => file(`${n}.txt`)));
    await later(0);
    expect(server.mostAtOnce).toBe(3);
    expect(times("send")).toBe(20);
  });

  it("of a folder of 1,000 are all sent, and followed by the listing instead of one by one", async () => {
    queue.add(Array.from({ length: 1_000 }, (_, n) => ({ file: file("x.txt"), path: `folder/${n}.txt` })));
    await later(0);
    expect(times("send")).toBe(1_000);
    server.allBecome({ status: "ready" });
    await later(10_000);
    expect(new Set(states())).toEqual(new Set(["ready"]));
    expect(times("look")).toBe(0);
    expect(times("list")).toBeLessThan(20);
  });

  it("are let go of one by one: what fails does not hold up the rest", async () => {
    server.announceErrors = [new ApiError(422, "invalid_field", "A .png file cannot be read.")];
    queue.add([file("a.png"), file("b.txt")]);
    await later(0);
    expect(states()).toEqual(["failed", "processing"]);
  });

  it("are forgotten with the next ones once all are ready, but not what failed", async () => {
    server.announceErrors = [new ApiError(422, "invalid_field", "no")];
    queue.add([file("a.png"), file("b.txt")]);
    await later(0);
    server.allBecome({ status: "ready" });
    await later(1_000);
    queue.add([file("c.txt")]);
    expect(items().map(({ path }) => path)).toEqual(["a.png", "c.txt"]);
  });
});

describe("a name", () => {
  it("that a document has already is replaced, which is said", async () => {
    server.documents.set("id-a.txt", view("id-a.txt", "a.txt", { status: "ready" }));
    queue.add([file("a.txt")]);
    await later(0);
    expect(item("a.txt").replaces).toBe("document");
  });

  it("is not said to be replaced because of an attempt that failed", async () => {
    server.sendErrors = [offline()];
    queue.add([file("a.txt")]);
    await later(10_000);
    expect(times("announce")).toBe(2);
    expect(item("a.txt")).toMatchObject({ replaces: undefined, isNew: true });
  });

  it("that was chosen twice at once stands in the list once", async () => {
    const second = file("a.txt", "second");
    queue.add([file("a.txt", "first"), second]);
    expect(items()).toMatchObject([{ path: "a.txt", file: second, replaces: "chosen" }]);
  });

  it("that is under way gives way to the later file", async () => {
    server.slow = true;
    queue.add([file("a.txt", "first")]);
    await later(0);
    queue.add([file("a.txt", "second one")]);
    await later(0);
    server.deliver("a.txt");
    await later(0);
    expect(items()).toMatchObject([{ size: 10, replaces: "chosen", state: { name: "processing" } }]);
    expect(times("remove")).toBe(0);
  });

  it("is not ready because an earlier file of the name was", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    server.becomes("a.txt", { status: "ready" });
    await later(1_000);
    queue.add([file("a.txt", "second")]);
    await later(0);
    expect(states()).toEqual(["processing"]);
    queue.add([file("b.txt")]);
    await later(0);
    expect(item("a.txt").state.name).toBe("processing");
  });
});

describe("cancelling", () => {
  it("ends what is being sent and takes back what was announced", async () => {
    server.slow = true;
    queue.add([file("a.txt")]);
    await later(0);
    queue.cancel([item("a.txt").id]);
    await later(0);
    expect(states()).toEqual(["cancelled"]);
    expect(server.documents.size).toBe(0);
  });

  it("leaves a document that was there before as it was, at once", async () => {
    server.documents.set("id-a.txt", view("id-a.txt", "a.txt", { status: "ready" }));
    server.slow = true;
    queue.add([file("a.txt")]);
    await later(0);
    expect(times("retry")).toBe(0);
    queue.cancel([item("a.txt").id]);
    await later(0);
    expect(times("remove")).toBe(0);
    expect(times("retry")).toBe(1);
    expect(states()).toEqual(["cancelled"]);
  });

  it("takes back an announcement that was still on its way", async () => {
    queue.add([file("a.txt")]);
    queue.cancel([item("a.txt").id]);
    await later(0);
    expect(server.log).toEqual([]);
    server.slow = true;
    let answer: (value: Announced) => void = () => undefined;
    vi.spyOn(server, "announce").mockReturnValueOnce(new Promise((resolve) => (answer = resolve)));
    queue.retry([item("a.txt").id]);
    await later(0);
    queue.cancel([item("a.txt").id]);
    answer({ documentId: "id-a.txt", target: { url: "/", method: "PUT", headers: {} }, replaces: false });
    await later(0);
    expect(server.log).toEqual(["remove id-a.txt"]);
  });

  it("keeps the file, so that it can be sent after all, once the taking back is through", async () => {
    server.slow = true;
    queue.add([file("a.txt")]);
    await later(0);
    let removed: () => void = () => undefined;
    vi.spyOn(server, "remove").mockReturnValueOnce(new Promise((resolve) => (removed = resolve)));
    const { id } = item("a.txt");
    queue.cancel([id]);
    queue.retry([id]);
    await later(0);
    expect(times("announce")).toBe(1);
    removed();
    await later(0);
    expect(times("announce")).toBe(2);
    server.deliver("a.txt");
    await later(0);
    expect(states()).toEqual(["processing"]);
  });

  it("lets the next ones go on", async () => {
    server.slow = true;
    queue.add([file("1"), file("2"), file("3"), file("4")]);
    await later(0);
    queue.cancel([item("2").id]);
    await later(0);
    expect(states()).toEqual(["uploading", "cancelled", "uploading", "uploading"]);
  });

  it("does not touch what has arrived", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    queue.cancel([item("a.txt").id]);
    expect(states()).toEqual(["processing"]);
  });
});

describe("without a connection", () => {
  it("all wait, and go on by themselves", async () => {
    server.announceErrors = [offline(), offline(), offline()];
    queue.add(Array.from({ length: 5 }, (_, n) => file(`${n}.txt`)));
    await later(0);
    expect(hold()?.reason).toBe("offline");
    expect(new Set(states())).toEqual(new Set(["waiting"]));
    await later(5_000);
    expect(hold()).toBeUndefined();
    expect(new Set(states())).toEqual(new Set(["processing"]));
  });

  it("a server that is gone for an hour is waited for", async () => {
    vi.spyOn(server, "announce").mockImplementation(() => Promise.reject(offline()));
    queue.add([file("a.txt")]);
    await later(3_600_000);
    expect(states()).toEqual(["waiting"]);
    vi.mocked(server.announce).mockRestore();
    queue.resume();
    await later(0);
    expect(states()).toEqual(["processing"]);
  });

  it("a file that breaks off each time, though the server answers, fails in the end and is kept", async () => {
    server.sendErrors = Array.from({ length: 10 }, offline);
    queue.add([file("a.txt")]);
    await later(600_000);
    expect(states()).toEqual(["failed"]);
    expect(times("send")).toBe(4);
    expect(item("a.txt").file).toBeDefined();
  });

  it("breaking off while the browser knows that it is offline does not count", async () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    server.sendErrors = Array.from({ length: 10 }, offline);
    queue.add([file("a.txt")]);
    await later(600_000);
    expect(states()).toEqual(["processing"]);
  });

  it("the states of documents are asked for again later", async () => {
    queue.add([file("a.txt")]);
    await later(0);
    vi.spyOn(server, "look").mockRejectedValueOnce(offline());
    server.becomes("a.txt", { status: "ready" });
    await later(20_000);
    expect(states()).toEqual(["ready"]);
  });
});

describe("a server that asks to wait", () => {
  it("is given the seconds it asks for, by all files", async () => {
    server.announceErrors = [new ApiError(429, "throttled", "", { retryAfter: 20 })];
    queue.add([file("a.txt"), file("b.txt"), file("c.txt"), file("d.txt")]);
    await later(0);
    expect(hold()).toMatchObject({ reason: "throttled", until: Date.now() + 20_000 });
    const asked = times("announce");
    await later(19_000);
    expect(times("announce")).toBe(asked);
    await later(2_000);
    expect(new Set(states())).toEqual(new Set(["processing"]));
  });

  it("is waited for longer and longer where it names no time", async () => {
    server.announceErrors = Array.from({ length: 3 }, () => new ApiError(429, "throttled", ""));
    queue.add([file("a.txt")]);
    await later(5_000);
    expect(times("announce")).toBe(1);
    await later(200_000);
    expect(states()).toEqual(["processing"]);
  });

  it("with a document of the name still being deleted gets that one file later", async () => {
    server.announceErrors = [
      new ApiError(409, "document_conflict", "still being deleted", { retryAfter: 5 }),
    ];
    queue.add([file("a.txt"), file("b.txt")]);
    await later(0);
    expect(states()).toEqual(["waiting", "processing"]);
    expect(hold()).toBeUndefined();
    await later(6_000);
    expect(states()).toEqual(["processing", "processing"]);
  });
});

describe("a server that wants a key", () => {
  it("is not asked again until there is one", async () => {
    server.announceErrors = [new ApiError(401, "unauthorized", "")];
    queue.add([file("a.txt")]);
    await later(3_600_000);
    expect(hold()).toEqual({ reason: "unauthorized", until: undefined });
    expect(times("announce")).toBe(1);
    queue.resume();
    await later(0);
    expect(states()).toEqual(["processing"]);
  });
});

describe("a server without documents", () => {
  it("is not asked for each file", async () => {
    const disabled = new ApiError(404, "documents_disabled", "switch them on: scripts/enable-rag.sh");
    server.announceErrors = [disabled, disabled, disabled];
    queue.add(Array.from({ length: 50 }, (_, n) => file(`${n}.txt`)));
    await later(0);
    expect(times("announce")).toBe(3);
    expect(new Set(states())).toEqual(new Set(["failed"]));
  });
});

describe("a full store", () => {
  it("fails at once: it does not empty itself", async () => {
    server.announceErrors = [new ApiError(503, "store_full", "The disk is full.")];
    queue.add([file("a.txt")]);
    await later(0);
    expect(item("a.txt").state).toMatchObject({ name: "failed", error: { message: "The disk is full." } });
  });
});
