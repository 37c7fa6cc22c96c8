// The Modbus server on TCP: listens, limits connections, and closes those that ask nothing (MODBUS Messaging on TCP/IP
// Implementation Guide V1.0b). What a connection does is in connection.ts.
import { createServer, type Server, type Socket } from "node:net";
import { listenAt } from "../link/listening.ts";
import { Connection, share, type Shared } from "./connection.ts";
import { type Counters, newCounters } from "./counters.ts";
import { ModbusError } from "./errors.ts";
import type { ModbusTarget } from "./target.ts";

export const MODBUS_PORT = 502;
export const DEFAULT_CONNECTIONS = 200;
export const DEFAULT_IDLE_SECONDS = 60;
const SECOND = 1000;
/** In one idle time: how exactly it is kept. */
const SWEEPS = 4;
const UNIT_MAX = 0xff;

export interface TcpOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Answered besides 0 and 255; any other unit gets exception 0x0B. */
  readonly unit: number;
  readonly maxConnections?: number;
  /** A connection that completes no request for so long is closed. */
  readonly idleSeconds?: number;
}

export class ModbusTcpServer {
  readonly counters: Counters = newCounters();
  readonly #server: Server;
  #port = 0;
  readonly #shared: Shared;
  readonly #connections = new Set<Connection>();
  readonly #sweeper: NodeJS.Timeout;

  private constructor(
    target: ModbusTarget,
    { unit, maxConnections = DEFAULT_CONNECTIONS, idleSeconds = DEFAULT_IDLE_SECONDS }: TcpOptions,
  ) {
    this.#shared = share(target, unit, this.counters);
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server.maxConnections = maxConnections;
    this.#server.on("drop", () => this.counters.refused++);
    this.#sweeper = setInterval(() => this.#sweep(), (idleSeconds * SECOND) / SWEEPS);
    this.#sweeper.unref();
  }

  /** Listens, or says why not. */
  static async listen(target: ModbusTarget, options: TcpOptions): Promise<ModbusTcpServer> {
    const { host, port, unit } = options;
    if (!Number.isInteger(unit) || unit < 0 || unit > UNIT_MAX) throw new ModbusError("AXV_MODBUS_UNIT", String(unit));
    const server = new ModbusTcpServer(target, options);
    // A connection that cannot be accepted is lost, and the others go on.
    server.#port = await listenAt(server.#server, { host, port }, () => server.counters.refused++).catch((error: unknown) => {
      clearInterval(server.#sweeper);
      throw notListening(`${host.includes(":") ? `[${host}]` : host}:${port}`, error);
    });
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const { socket } of this.#connections) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.counters.accepted++;
    this.counters.connections++;
    const connection = new Connection(socket, this.#shared);
    this.#connections.add(connection);
    connection.socket.once("close", () => {
      this.counters.connections--;
      this.#connections.delete(connection);
    });
  }

  #sweep(): void {
    for (const connection of this.#connections) {
      if (!connection.isIdle(SWEEPS)) continue;
      this.counters.idle++;
      connection.socket.destroy();
    }
  }
}

function notListening(address: string, error: unknown): ModbusError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return new ModbusError("AXV_MODBUS_PORT_IN_USE", address);
  if (code === "EACCES") return new ModbusError("AXV_MODBUS_PORT_DENIED", address);
  return new ModbusError("AXV_MODBUS_LISTEN", address, error instanceof Error ? error.message : String(error));
}
