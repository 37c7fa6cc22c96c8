// A live page of the demo's system on a fake board, served on this machine; and clients for it.
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { WebSocket } from "ws";
import { Link } from "../../industrial/link/link.ts";
import type { Role } from "../../industrial/opcua/target.ts";
import { hashPassword } from "../../industrial/opcua/users.ts";
import type { WebRecord } from "../../industrial/web/actions.ts";
import type { FromPage, ToPage } from "../../industrial/web/protocol.ts";
import { PATHS } from "../../industrial/web/protocol.ts";
import { serveLive } from "../../industrial/web/serve.ts";
import type { Served, ServedParts, WebSettings } from "../../industrial/web/serve.ts";
import { planFile } from "../../tools/plan/file.ts";
import { systemMap } from "../../tools/plan/map.ts";
import { demoPartitions, FakeBoard, PLC } from "../run/fake-board.ts";
import { until } from "../patience.ts";
import { pair } from "../run/pair.ts";

export const PASSWORDS: Readonly<Record<Role, string>> = { observer: "only-looks", operator: "may-act", engineer: "may-build" };
const ROLES = Object.keys(PASSWORDS) as Role[];

/** Made once: hashes take their time. */
const users = Promise.all(ROLES.map(async (role) => ({ name: role, role, password: await hashPassword(PASSWORDS[role]) })));
const { system: demo } = planFile("partitions/examples/demo.yaml", "none");

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class WebStation {
  readonly board: FakeBoard;
  readonly link: Link;
  readonly recorded: WebRecord[] = [];
  canRecord = true;
  served!: Served;
  readonly #sockets: WebSocket[] = [];

  private constructor() {
    const [here, there] = pair();
    this.link = new Link(here, 500);
    this.board = new FakeBoard(there);
  }

  static async start(settings: Partial<WebSettings> = {}, parts: Partial<ServedParts> = {}): Promise<WebStation> {
    const station = new WebStation();
    if (demo === undefined) throw new Error("the demo has mistakes");
    station.served = await serveLive(
      { host: "127.0.0.1", port: 0, names: [], users: await users, anonymous: undefined, tls: undefined, ...settings },
      {
        title: "demo.yaml",
        systemVersion: "1.4.0",
        updated: PLC,
        partitions: demoPartitions,
        map: systemMap(demo.plan),
        board: station.link,
        tellsMonitor: true,
        canRecord: () => station.canRecord,
        record: (entry) => void station.recorded.push(entry),
        ...parts,
      },
    );
    return station;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate();
    await this.served.close();
    this.link.close();
  }

  get host(): string {
    return `127.0.0.1:${this.served.server.port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** As a browser asks, but for what a test wants to be different. */
  async ask(method: string, path: string, headers: Record<string, string> = {}, body?: string | Buffer): Promise<Answer> {
    const asked = request({
      host: "127.0.0.1",
      port: this.served.server.port,
      method,
      path,
      headers: { Host: this.host, ...headers },
    });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
    let text = "";
    for await (const part of response) text += String(part);
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask("POST", path, { Origin: this.origin, "Content-Type": "application/json", ...headers }, JSON.stringify(body));
  }

  /** The cookie of somebody who has logged in. */
  async logIn(role: Role): Promise<{ readonly Cookie: string }> {
    const { status, headers } = await this.post(PATHS.login, { user: role, password: PASSWORDS[role] });
    const [cookie = ""] = headers["set-cookie"] ?? [];
    if (status !== 200) throw new Error(`not logged in: ${status}`);
    return { Cookie: cookie.split(";")[0] ?? "" };
  }

  socket(headers: Record<string, string> = {}, path: string = PATHS.live): WebSocket {
    const socket = new WebSocket(`ws://${this.host}${path}`, { headers: { Origin: this.origin, ...headers } });
    socket.on("error", () => {});
    this.#sockets.push(socket);
    return socket;
  }

  /** Status of a WebSocket that is refused; 101: it is not. */
  async upgrade(headers: Record<string, string> = {}, path: string = PATHS.live): Promise<number> {
    const socket = this.socket(headers, path);
    return Promise.race([
      once(socket, "open").then(() => 101),
      once(socket, "unexpected-response").then(([, response]) => (response as { statusCode: number }).statusCode),
    ]);
  }

  async page(headers: Record<string, string> = {}): Promise<TestPage> {
    const page = new TestPage(this.socket(headers));
    await page.next("welcome");
    return page;
  }
}

/** What a page would do with its WebSocket. */
export class TestPage {
  readonly socket: WebSocket;
  readonly heard: ToPage[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => this.heard.push(JSON.parse(String(data)) as ToPage));
  }

  watch(...names: readonly string[]): void {
    const wish: FromPage = { watch: names };
    this.socket.send(JSON.stringify(wish));
  }

  /** Takes what was heard up to the first of that type, for which something holds, and gives that one back. */
  async next<T extends ToPage["type"]>(
    type: T,
    holds: (message: Extract<ToPage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ToPage, { type: T }>> {
    let found: Extract<ToPage, { type: T }> | undefined;
    const take = (): boolean => {
      for (let message = this.heard.shift(); message !== undefined; message = this.heard.shift()) {
        found = message as Extract<ToPage, { type: T }>;
        if (message.type === type && holds(found)) return true;
      }
      return false;
    };
    await until(type, take);
    return found as Extract<ToPage, { type: T }>;
  }
}

