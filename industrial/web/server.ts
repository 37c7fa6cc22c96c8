// Serves the live page: its files, what changes over a WebSocket, and what a user who has logged in wants done. Nothing that
// comes from outside is taken before it has been looked at (requests.ts), and all that a client can make this keep has a
// limit.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer, Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { listenAt } from "../link/listening.ts";
import type { OpcUaUser } from "../opcua/target.ts";
import { Actions } from "./actions.ts";
import type { WebDoors } from "./actions.ts";
import { answerJson, HEADERS, Status } from "./answers.ts";
import { WebError } from "./errors.ts";
import { Hub } from "./hub.ts";
import type { Live } from "./live.ts";
import { PAGE_PATHS } from "./page-files.ts";
import type { PageFiles } from "./page-files.ts";
import { PATHS } from "./protocol.ts";
import { isOurHost, isOurOrigin } from "./requests.ts";

/** A request takes milliseconds; who is slower than this holds on to a connection. */
const TIMEOUT_MS = 10_000;
const PAGES_MAX = 32;
/** Those of pages, and the few that a browser opens besides while it loads one. */
const CONNECTIONS_MAX = 4 * PAGES_MAX;
/** Of what a page says over its WebSocket: some names. */
const MESSAGE_MAX = 4096;

export interface WebOptions {
  readonly live: Live;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** By which this machine may be called, besides its addresses and localhost. */
  readonly names: readonly string[];
  readonly users: readonly OpcUaUser[];
  /** Whether everybody who gets here may look; whoever wants something done logs in. */
  readonly isOpen: boolean;
  /** PEM; without it the page is served without encryption. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly doors: WebDoors;
  readonly files: PageFiles;
}

export class WebServer {
  readonly hub: Hub;
  readonly #options: WebOptions;
  readonly #server: Server;
  #port = 0;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MESSAGE_MAX,
  });
  readonly #names: ReadonlySet<string>;
  #actions: Actions | undefined;

  private constructor(options: WebOptions) {
    this.#options = options;
    this.#names = new Set(options.names.map((name) => name.toLowerCase()));
    this.hub = new Hub(options.live);
    const limits = { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS };
    this.#server = options.tls === undefined ? createServer(limits) : createSecureServer({ ...limits, ...options.tls });
    this.#server.maxConnections = CONNECTIONS_MAX;
    // A mistake of ours ends that one request, and not whatever else this process does.
    this.#server.on("request", (request, response) => void this.#answer(request, response).catch(() => response.destroy()));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async listen(options: WebOptions): Promise<WebServer> {
    const { host, port } = options;
    const server = new WebServer(options);
    server.#port = await listenAt(server.#server, options, () => undefined).catch(({ message }: Error) => {
      throw new WebError("AXV_WEB_LISTEN", `${host}:${port}`, message);
    });
    server.#actions = new Actions(options, server.port, () => server.hub.review());
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    const { host, tls } = this.#options;
    return `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${this.port}/`;
  }

  /** Whoever connects from now on gets this certificate; nobody who is connected has to go. */
  renew(tls: NonNullable<WebOptions["tls"]>): void {
    if (this.#server instanceof SecureServer) this.#server.setSecureContext(tls);
  }

  async close(): Promise<void> {
    this.hub.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => response.destroy());
    for (const [name, value] of HEADERS) response.setHeader(name, value);
    const path = request.url?.split("?")[0] ?? "";
    const { method } = request;
    if (!isOurHost(request, this.#names)) {
      answerJson(response, Status.misdirected, {
        code: "HOST",
        message: "this is not served under that name: use an address, or add the name to `names:`",
      });
    } else if (method === "GET" || method === "HEAD") {
      this.#answerGet(path, request, response);
    } else if (method !== "POST") {
      response.setHeader("Allow", "GET, HEAD, POST");
      answerJson(response, Status.methodNotAllowed, { code: "METHOD", message: "GET or POST" });
    } else if (!isOurOrigin(request, this.#isEncrypted)) {
      answerJson(response, Status.forbidden, { code: "ORIGIN", message: "only the page itself may ask this" });
    } else {
      await this.#actions?.post(path, request, response);
    }
  }

  #answerGet(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === PATHS.session) {
      answerJson(response, Status.ok, this.#actions?.sessionOf(request));
      return;
    }
    const file = this.#options.files.get(path);
    if (file === undefined) {
      answerJson(response, Status.notFound, { code: "PATH", message: `there is ${PAGE_PATHS.join(", ")}` });
      return;
    }
    response.setHeader("Content-Type", file.type);
    response.writeHead(Status.ok).end(request.method === "HEAD" ? "" : file.bytes);
  }

  /** A WebSocket is not held to its origin by the browser: so it is here. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refuse = (status: number, reason: string): void => {
      socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
    };
    const actions = this.#actions;
    if (actions === undefined || request.url !== PATHS.live) return refuse(Status.notFound, "Not Found");
    if (!isOurHost(request, this.#names)) return refuse(Status.misdirected, "Misdirected Request");
    if (!isOurOrigin(request, this.#isEncrypted)) return refuse(Status.forbidden, "Forbidden");
    if (!actions.mayLook(request)) return refuse(Status.unauthorized, "Unauthorized");
    if (this.hub.size >= PAGES_MAX) return refuse(Status.unavailable, "Service Unavailable");
    this.#sockets.handleUpgrade(request, socket, head, (page) => this.hub.add(page, () => actions.mayLook(request)));
  }

  get #isEncrypted(): boolean {
    return this.#options.tls !== undefined;
  }
}
