/** The real local server, on data of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../../..");
const START_MILLISECONDS = 60_000;

export class LocalServer {
  private constructor(
    readonly url: string,
    readonly folder: string,
    readonly process: ChildProcess,
  ) {}

  /** Settings are `CHATBOT_*` variables without that prefix, in lower case. */
  static async start(settings: Readonly<Record<string, string>> = {}, port = "0"): Promise<LocalServer> {
    const folder = settings.data_dir ?? (await mkdtemp(join(tmpdir(), "chatbot-e2e-")));
    const variables = Object.entries({ ...settings, data_dir: folder }).map(([name, value]) => [
      `CHATBOT_${name.toUpperCase()}`,
      value,
    ]);
    const child = spawn(join(ROOT, ".venv/bin/chatbot"), ["serve", "--port", port], {
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...Object.fromEntries(variables) },
      stdio: ["ignore", "ignore", "pipe"],
    });
    return new LocalServer(await addressOf(child), folder, child);
  }

  /** Ends it as Ctrl-C does, and waits. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    await gone;
  }

  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Deletes conversations and documents, until there are none: the next test begins with an empty server. */
  async empty(): Promise<void> {
    for (let left = await this.paths(); left.length > 0; left = await this.paths()) {
      await Promise.all(left.map((path) => this.delete(path)));
    }
  }

  /** Of the conversations and documents that are there: a page of each. */
  private async paths(): Promise<string[]> {
    const { conversations } = (await this.get("/conversations?limit=200")) as {
      conversations: { conversation_id: string }[];
    };
    const { documents } = (await this.get("/documents?limit=200")) as {
      documents: { document_id: string }[];
    };
    return [
      ...conversations.map((each) => `/conversations/${each.conversation_id}`),
      ...documents.map((each) => `/documents/${each.document_id}`),
    ];
  }

  /** What is gone already is as it should be. */
  private async delete(path: string): Promise<void> {
    const response = await fetch(this.url + path, { method: "DELETE" });
    if (!response.ok && response.status !== 404)
      throw new Error(`DELETE ${path}: ${response.status} ${await response.text()}`);
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status}`);
    return response.json();
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** A turn, finished. */
  async say(
    message: string,
    conversationId?: string,
  ): Promise<{ conversation_id: string; message_id: string; reply: string }> {
    return this.post("/chat", {
      message,
      use_documents: false,
      ...(conversationId ? { conversation_id: conversationId } : {}),
    });
  }

  /** A conversation with these questions and answers, as an import leaves it: no model is asked. Returns its id. */
  async remember(
    title: string,
    turns: readonly (readonly [question: string, reply: string])[],
    begun = "2026-01-01T00:00:00Z",
  ): Promise<string> {
    const at = (turn: number): string => new Date(Date.parse(begun) + turn * 60_000).toISOString();
    const body = {
      title,
      turns: turns.map(([question, reply], turn) => ({ question, reply, asked_at: at(turn) })),
    };
    return (await this.post<{ conversation_id: string }>("/conversations/import", body)).conversation_id;
  }

  /** Titles of the conversations that are there, latest first. */
  async titles(): Promise<string[]> {
    const { conversations } = (await this.get("/conversations?limit=200")) as {
      conversations: { title: string }[];
    };
    return conversations.map(({ title }) => title);
  }

  /** Names of the documents that are there, each with its state. */
  async documents(): Promise<Record<string, string>> {
    const { documents } = (await this.get("/documents?limit=200")) as {
      documents: { filename: string; status: string }[];
    };
    return Object.fromEntries(documents.map(({ filename, status }) => [filename, status]));
  }

  /** A document, read to its end. */
  async learn(filename: string, content: Uint8Array | string): Promise<string> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const { document_id, upload } = await this.post<{
      document_id: string;
      upload: { url: string; method: string; headers: Record<string, string> };
    }>("/documents", { filename, size: bytes.length });
    const sent = await fetch(upload.url, {
      method: upload.method,
      headers: upload.headers,
      body: bytes as BodyInit,
    });
    if (!sent.ok) throw new Error(`PUT of ${filename}: ${sent.status}`);
    for (;;) {
      const { status, error } = (await this.get(`/documents/${document_id}`)) as {
        status: string;
        error?: string;
      };
      if (status === "ready") return document_id;
      if (status === "failed") throw new Error(`${filename}: ${error}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The address that the server announces. Rejects with what it said where it ends instead. */
async function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const timer = setTimeout(
      () => reject(new Error(`the server did not start:\n${said}`)),
      START_MILLISECONDS,
    );
    child.stderr?.on("data", (data: Buffer) => {
      said += data.toString();
      const found = /running at (http:\/\/\S+)/.exec(said)?.[1];
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code}:\n${said}`));
    });
  });
}
