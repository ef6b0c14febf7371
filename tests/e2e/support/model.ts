/** A language model to script: it speaks OpenAI's chat completions, which the real server reaches as it would reach Ollama. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** The last message: the question, with the passages of documents before it. */
  readonly question: string;
}

/** What the model says: pieces, in time. A `Refusal` instead of a first piece is answered with its status. */
export type Answer = (asked: Asked) => AsyncIterable<string> | Iterable<string>;

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`refused with ${status}`);
  }
}

/** Ends the stream of the model without its last event. */
export class Broken extends Error {}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The text in pieces of a few letters, a pause after each. */
export async function* slowly(words: string, milliseconds = 5): AsyncIterable<string> {
  for (const piece of words.match(/\s*\S{1,12}/gu) ?? []) {
    yield piece;
    await sleep(milliseconds);
  }
}

const echo: Answer = (asked) => slowly(`You said: ${asked.question.slice(-200)}`, 0);

export class ScriptedModel {
  readonly asked: Asked[] = [];
  #answer: Answer = echo;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ScriptedModel> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const model = new ScriptedModel(server);
    server.on("request", (request, response) => {
      model.#respond(request, response).catch(() => response.destroy());
    });
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** From now on it answers so; without an argument it repeats the question. */
  answers(answer: Answer = echo): void {
    this.#answer = answer;
    this.asked.length = 0;
  }

  /** From now on it says this text. */
  says(words: string, milliseconds = 2): void {
    this.answers(() => slowly(words, milliseconds));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Pick<Asked, "messages">;
    const asked = { messages: body.messages, question: body.messages.at(-1)?.content ?? "" };
    this.asked.push(asked);
    let said = "";
    try {
      for await (const piece of this.#answer(asked)) {
        if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
        said += piece;
        send(response, { choices: [{ index: 0, delta: { content: piece }, finish_reason: null }] });
        if (response.destroyed) return;
      }
    } catch (error) {
      if (error instanceof Refusal) response.writeHead(error.status, error.headers).end("{}");
      else response.destroy();
      return;
    }
    const usage = {
      prompt_tokens: 40,
      completion_tokens: Math.ceil(said.length / 4),
      total_tokens: 40 + Math.ceil(said.length / 4),
    };
    send(response, { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
    send(response, { choices: [], usage });
    response.end("data: [DONE]\n\n");
  }
}

function send(response: ServerResponse, chunk: object): void {
  response.write(
    `data: ${JSON.stringify({ id: "scripted", object: "chat.completion.chunk", ...chunk })}\n\n`,
  );
}
