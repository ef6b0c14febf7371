/**
 * What stands between a browser and the server in the cloud, to script: asks for a key as API Gateway does, refuses, slows down,
 * breaks off. Without a script it passes everything on.
 */
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { late } from "./slow.ts";

/** Returns `true` where it answered by itself. */
export type Rule = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export class Gateway {
  readonly #server: Server;
  readonly #target: string;
  #rule: Rule | undefined;
  /** Ends the body of an answer, by destroying the connection, after so many bytes. */
  #cutAfter: ((request: IncomingMessage) => number | undefined) | undefined;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = target;
  }

  static async before(target: string): Promise<Gateway> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const gateway = new Gateway(server, target);
    server.on("request", (request, response) => {
      gateway.#pass(request, response).catch(() => response.destroy());
    });
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on every request meets this rule first; without an argument none does, and nothing is cut off. */
  follows(rule?: Rule): void {
    this.#rule = rule;
    this.#cutAfter = undefined;
  }

  /** From now on the connections of such requests are closed without an answer. */
  drops(such: (request: IncomingMessage) => boolean | undefined): void {
    this.follows((request, response) => {
      if (!such(request)) return false;
      response.destroy();
      return true;
    });
  }

  cuts(after: (request: IncomingMessage) => number | undefined): void {
    this.#cutAfter = after;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await late(request.url);
    if (await this.#rule?.(request, response)) return;
    const target = new URL(request.url ?? "/", this.#target);
    const onward = forward(
      target,
      // A connection that is kept may be closed by the server at the moment it is used again.
      { method: request.method ?? "GET", headers: request.headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        let left = this.#cutAfter?.(request) ?? Number.POSITIVE_INFINITY;
        answer.on("data", (data: Buffer) => {
          left -= data.length;
          response.write(data);
          // A moment, so that what was written arrives before the connection ends.
          if (left <= 0) setTimeout(() => response.destroy(), 50);
        });
        answer.on("end", () => left > 0 && response.end());
        answer.on("error", () => response.destroy());
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }
}

/** The rule of API Gateway for a route that asks for a key. */
export function asksForKey(key: string): Rule {
  return (request, response) => {
    if (
      !request.url?.startsWith("/api/") ||
      request.url === "/api/health" ||
      request.headers["x-api-key"] === key
    )
      return false;
    response.writeHead(403, { "content-type": "application/json" }).end('{"message":"Forbidden"}');
    return true;
  };
}

/** A refusal in the envelope of the API. */
export function refusal(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ error: { code, message, request_id: "e2e" } }));
  return true;
}
