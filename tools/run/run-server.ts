// The run's end of the run socket: lets consoles attach, and carries out commands.
import { unlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { LinkError } from "../../industrial/link/errors.ts";
import { withoutQuestions } from "../../industrial/live/control-sequences.ts";
import { socketPathProblem } from "../../industrial/link/socket-path.ts";
import { RunError } from "./errors.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import {
  CLEAR_MAXIMA, COMMIT, type Description, MESSAGE_MAX, ownSocketPath, Request, type Reply, socketPaths,
} from "./run-socket.ts";
import type { Session } from "./session.ts";

/** What an attaching console gets to see of before: enough for a screen, so that the prompt is there. */
const HISTORY_MAX = 4096;
/** An attached console that does not read gets no more than this; what is beyond is lost for it, and it is told. */
const UNREAD_MAX = 1024 * 1024;

const NEWLINE = 0x0a;

/** Why there is no listening on a path: bind(2). Of a folder that is not there libuv, too, says EACCES. */
const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["EADDRINUSE", "something of that name is there already"],
  ["EACCES", "its folder is not there, or you may not write into it"],
]);

export class RunServer {
  readonly path: string;
  readonly #session: Session;
  readonly #system: string;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #attached = new Map<Socket, number>();
  readonly #lost = new Map<Socket, number>();
  readonly #history = new Map<number, Buffer>();
  readonly #onExit = (): void => this.#unlink();

  private constructor(session: Session, system: string, path: string) {
    this.path = path;
    this.#session = session;
    this.#system = system;
    this.#server = createServer((socket) => this.#accept(socket));
    session.on("console", (partition, bytes) => this.#forward(partition, bytes));
    session.on("close", () => this.close());
  }

  /** Listens on `path`, or on the well-known place of this process. */
  static async open(session: Session, system: string, path?: string): Promise<RunServer> {
    await removeDeadSockets();
    const server = new RunServer(session, system, path ?? ownSocketPath());
    const problem = socketPathProblem(server.path);
    if (problem !== undefined) throw new RunError("AXV_RUN_PATH", server.path, problem);
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", ({ code, message }: NodeJS.ErrnoException) =>
        reject(new RunError("AXV_RUN_PATH", server.path, REASONS.get(code) ?? message)));
      server.#server.listen({ path: server.path }, resolve);
    });
    process.on("exit", server.#onExit); // also after an error of ours
    return server;
  }

  close(): void {
    if (!this.#server.listening) return;
    process.off("exit", this.#onExit);
    this.#server.close(); // removes the path
    for (const client of this.#clients) client.end();
  }

  #unlink(): void {
    try {
      unlinkSync(this.path);
    } catch {
      // gone already
    }
  }

  #accept(socket: Socket): void {
    this.#clients.add(socket);
    socket.on("error", () => {}); // it hung up: it closes
    socket.on("close", () => {
      this.#clients.delete(socket);
      this.#attached.delete(socket);
      this.#lost.delete(socket);
    });
    let request = Buffer.alloc(0);
    const onData = (bytes: Buffer): void => {
      request = Buffer.concat([request, bytes]);
      const end = request.indexOf(NEWLINE);
      if (end < 0 && request.length <= MESSAGE_MAX) return;
      socket.off("data", onData);
      void this.#answer(socket, request.subarray(0, Math.max(0, end)).toString(), request.subarray(end + 1));
    };
    socket.on("data", onData);
  }

  async #answer(socket: Socket, text: string, rest: Buffer): Promise<void> {
    const request = parseRequest(text);
    if (request === undefined) {
      reply(socket, { ok: false, code: "AXV_RUN_REQUEST", message: "not a request of this version of axv-part" });
      socket.end();
      return;
    }
    const partitions = this.#session.monitor.partitions.map(({ name }) => name);
    const run: Description = { system: this.#system, pid: process.pid, partitions };
    try {
      if (request.do === COMMIT) await this.#session.link.commit();
      else if (request.do !== "describe") {
        const partition = this.#partition(request.partition);
        if (request.do === "attach") {
          this.#attach(socket, partition.index, { ok: true, run }, rest);
          return;
        }
        if (request.do === CLEAR_MAXIMA) {
          if (!partition.clearMaxima()) throw new RunError("AXV_NO_MAXIMA", partition.name);
        } else await this.#session.link.command(partition.index, request.do);
      }
      reply(socket, { ok: true, run });
    } catch (error) {
      if (!(error instanceof RunError || error instanceof LinkError)) throw error;
      reply(socket, { ok: false, code: error.code, message: error.message });
    }
    socket.end();
  }

  #partition(name: string): PartitionRecord {
    const { monitor } = this.#session;
    const partition = monitor.named(name);
    if (partition === undefined) {
      throw new RunError("AXV_PARTITION_UNKNOWN", name, monitor.partitions.map((known) => known.name).join(", "));
    }
    return partition;
  }

  #attach(socket: Socket, partition: number, answer: Reply, typedAlready: Buffer): void {
    reply(socket, answer);
    const history = this.#history.get(partition);
    // What was asked then has been answered: a second answer would be typed into the partition as if by a person.
    if (history !== undefined) socket.write(withoutQuestions(history));
    this.#attached.set(socket, partition);
    const type = (bytes: Buffer): void => this.#session.link.type(partition, bytes);
    if (typedAlready.length > 0) type(typedAlready);
    socket.on("data", type);
    socket.on("drain", () => {
      const lost = this.#lost.get(socket);
      this.#lost.delete(socket);
      if (lost !== undefined) socket.write(`\r\n[axv-part: ${lost} bytes not shown: this console was too slow]\r\n`);
    });
  }

  #forward(partition: number, bytes: Uint8Array): void {
    const history = Buffer.concat([this.#history.get(partition) ?? Buffer.alloc(0), bytes]);
    this.#history.set(partition, Buffer.from(history.subarray(Math.max(0, history.length - HISTORY_MAX))));
    for (const [socket, attachedTo] of this.#attached) {
      if (attachedTo !== partition) continue;
      if (socket.writableLength > UNREAD_MAX) this.#lost.set(socket, (this.#lost.get(socket) ?? 0) + bytes.length);
      else socket.write(bytes);
    }
  }
}

function reply(socket: Socket, answer: Reply): void {
  socket.write(`${JSON.stringify(answer)}\n`);
}

function parseRequest(text: string): Request | undefined {
  try {
    return Request.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Runs that were killed could not remove their sockets: nobody listens on those any more. */
async function removeDeadSockets(): Promise<void> {
  await Promise.all(
    socketPaths().map(
      (path) =>
        new Promise<void>((resolve) => {
          const probe = connect({ path });
          probe.on("connect", () => {
            probe.destroy();
            resolve();
          });
          probe.on("error", (error: NodeJS.ErrnoException) => {
            try {
              if (error.code === "ECONNREFUSED") unlinkSync(path);
            } catch {
              // somebody else was faster
            }
            resolve();
          });
        }),
    ),
  );
}
