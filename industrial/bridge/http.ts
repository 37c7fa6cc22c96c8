// Serves the metrics: GET /metrics, and nothing else.
import { createServer } from "node:http";
import type { Server } from "node:http";
import { listenAt } from "../link/listening.ts";
import { BridgeError } from "./errors.ts";
import { CONTENT_TYPE } from "./exposition.ts";
import type { Listen } from "./schema.ts";

const OK = 200;
const NOT_FOUND = 404;
const METHOD_NOT_ALLOWED = 405;
/** A scrape takes milliseconds; who is slower than this holds on to a connection. */
const TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 16;

export class MetricsServer {
  readonly #server: Server;
  #port = 0;

  private constructor(text: () => string) {
    this.#server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS }, ({ url, method }, response) => {
      const isKnown = url?.split("?")[0] === "/metrics";
      const isAllowed = method === "GET" || method === "HEAD";
      response.setHeader("Cache-Control", "no-store");
      if (!isKnown || !isAllowed) {
        response.writeHead(isKnown ? METHOD_NOT_ALLOWED : NOT_FOUND, isKnown ? { Allow: "GET, HEAD" } : {}).end();
        return;
      }
      response.writeHead(OK, { "Content-Type": CONTENT_TYPE }).end(method === "HEAD" ? "" : text());
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  static async listen(text: () => string, { host, port }: Listen): Promise<MetricsServer> {
    const server = new MetricsServer(text);
    server.#port = await listenAt(server.#server, { host, port }, () => undefined).catch(({ message }: Error) => {
      throw new BridgeError("AXV_BRIDGE_LISTEN", "metrics", `${host}:${port}`, message);
    });
    return server;
  }

  get port(): number {
    return this.#port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
