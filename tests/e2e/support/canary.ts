/** A host that nothing may reach: it counts who asks. Names of another host lead here, too (`hostRules`). */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export class Canary {
  readonly requests: string[] = [];
  /** Where the pages say they came from, of requests for anything but an icon. */
  readonly referrers: (string | undefined)[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Canary> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const canary = new Canary(server);
    server.on("request", (request, response) => {
      canary.requests.push(`${request.method} ${request.url}`);
      if (request.url !== "/favicon.ico") canary.referrers.push(request.headers.referer);
      response
        .writeHead(200, { "access-control-allow-origin": "*", "content-type": "text/plain" })
        .end("seen");
    });
    // A connection says something, too: that somebody is there.
    server.on("connection", () => canary.requests.push("connection"));
    return canary;
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
