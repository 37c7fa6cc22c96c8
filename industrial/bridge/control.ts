// How a command reaches a bridge that runs: a unix socket beside its bridge.yaml, for its own user and root alone
// (mode 0600). One request, one answer, each a line of JSON, and the connection is over. What changes something is
// put on record by whoever carries it out.
import { existsSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { resolve } from "node:path";
import * as z from "zod";
import { socketPathProblem } from "../link/socket-path.ts";
import type { OpcUaSession } from "../opcua/server.ts";
import { BridgeError } from "./errors.ts";

const OWNER_ONLY = 0o177;
const LINE_MAX = 4096;
/** Of an answer: what all sessions take, and more. */
const ANSWER_MAX = 1 << 20;
const TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 8;

const Request = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("sessions") }),
  z.strictObject({ command: z.literal("close"), id: z.string().max(200) }),
  z.strictObject({ command: z.literal("renew") }),
]);
export type ControlRequest = z.output<typeof Request>;

const Session = z.object({
  id: z.string(), user: z.string(), role: z.string().optional(), address: z.string(), application: z.string(), since: z.string(),
  subscriptions: z.int(), items: z.int(),
});
export type ListedSession = z.output<typeof Session>;

const Answer = z.union([
  z.object({ sessions: z.array(Session) }),
  z.object({ done: z.boolean() }),
  z.object({ failed: z.string() }),
]);
export type ControlAnswer = z.output<typeof Answer>;

/** What it is asked for; undefined: this bridge has no OPC UA server. */
export interface Controlled {
  sessionList(): OpcUaSession[];
  closeSession(id: string): boolean;
  renewCertificate(): Promise<void>;
}

/** Of a bridge.yaml. */
export const controlPath = (file: string): string => `${resolve(file)}.sock`;

export class Control {
  readonly #server: Server;
  readonly #path: string;
  readonly #opcua: () => Controlled | undefined;
  readonly #record: (entry: Readonly<Record<string, unknown>>) => void;

  private constructor(
    path: string,
    opcua: () => Controlled | undefined,
    record: (entry: Readonly<Record<string, unknown>>) => void,
  ) {
    this.#path = path;
    this.#opcua = opcua;
    this.#record = record;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Listens. One that a bridge before has left when it was killed is taken away; where one answers, another bridge runs. */
  static async listen(
    file: string,
    opcua: () => Controlled | undefined,
    record: (entry: Readonly<Record<string, unknown>>) => void,
  ): Promise<Control> {
    const path = controlPath(file);
    const problem = socketPathProblem(path);
    if (problem !== undefined) throw new BridgeError("AXV_BRIDGE_CONTROL", path, problem);
    if (existsSync(path)) {
      if (await answers(path)) throw new BridgeError("AXV_BRIDGE_RUNS", file);
      rmSync(path, { force: true });
    }
    const control = new Control(path, opcua, record);
    await new Promise<void>((done, fail) => {
      control.#server.once("error", (error) => fail(new BridgeError("AXV_BRIDGE_CONTROL", path, error.message)));
      const before = process.umask(OWNER_ONLY); // it never exists with another mode
      control.#server.listen(path, done);
      process.umask(before);
    });
    control.#server.on("error", () => undefined); // out of descriptors: that one is lost
    return control;
  }

  async close(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
    rmSync(this.#path, { force: true });
  }

  #serve(socket: Socket): void {
    let line = "";
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      line += bytes.toString();
      if (line.length > LINE_MAX) socket.destroy();
      else if (line.includes("\n")) {
        socket.removeAllListeners("data");
        void this.#answer(line.slice(0, line.indexOf("\n"))).then((answer) => socket.end(`${JSON.stringify(answer)}\n`));
      }
    });
  }

  async #answer(line: string): Promise<unknown> {
    let request: ControlRequest;
    try {
      request = Request.parse(JSON.parse(line));
    } catch {
      return { failed: "this bridge is of another version than the command: start it again" };
    }
    const opcua = this.#opcua();
    if (opcua === undefined) return { failed: "this bridge has no OPC UA server: give it `opcua:`" };
    try {
      return await this.#do(opcua, request);
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  }

  async #do(opcua: Controlled, request: ControlRequest): Promise<unknown> {
    if (request.command === "sessions") return { sessions: opcua.sessionList() };
    if (request.command === "close") {
      const session = opcua.sessionList().find(({ id }) => id === request.id);
      const done = opcua.closeSession(request.id);
      this.#record({
        what: "session closed",
        via: "command",
        object: request.id,
        user: session?.user,
        address: session?.address,
        done,
      });
      return { done };
    }
    await opcua.renewCertificate();
    this.#record({ what: "certificate renewed", via: "command" });
    return { done: true };
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

const NOBODY: readonly unknown[] = ["ENOENT", "ECONNREFUSED"];

/** Asks the bridge that runs with this file; undefined: none does. Throws what it says when it cannot do it. */
export async function askBridge(file: string, request: ControlRequest): Promise<ControlAnswer | undefined> {
  const path = controlPath(file);
  const line = await new Promise<string | undefined>((resolve, reject) => {
    const socket = connect(path);
    let received = "";
    const fail = (why: string): void => (socket.destroy(), reject(new BridgeError("AXV_BRIDGE_ASK", file, why)));
    socket.setTimeout(TIMEOUT_MS, () => fail("it does not answer"));
    socket.once("error", (error) =>
      NOBODY.includes("code" in error ? error.code : undefined) ? resolve(undefined) : fail(error.message),
    );
    socket.once("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (bytes) => {
      received += bytes.toString();
      if (received.length > ANSWER_MAX) fail("it says too much");
    });
    socket.once("end", () => resolve(received));
  });
  if (line === undefined) return undefined;
  const { data } = Answer.safeParse(parsed(line));
  if (data === undefined) throw new BridgeError("AXV_BRIDGE_ASK", file, "it is of another version than this command");
  if ("failed" in data) throw new BridgeError("AXV_BRIDGE_ASK", file, data.failed);
  return data;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
