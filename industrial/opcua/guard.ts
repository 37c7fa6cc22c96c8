// A guard before the library: bytes that fell it end their own connection, and nothing else. (Known so: a Hello, and
// behind it in the same TCP segment a message whose header gives a length below 8 or above the chunk size. The part of
// the library that would have taken the error has by then been replaced by another, and an error that nobody takes ends
// the process. No session is needed for that.)
import { Server } from "node:net";
import type { Socket } from "node:net";
import type { OPCUAServer } from "node-opcua-server";
import { plainAddress } from "./clients.ts";
import { Ration } from "./libraryLog.ts";
import type { Log } from "./target.ts";

/** Of an endpoint of the library: what listens. */
const LISTENER = "_server";

export interface GuardCounters {
  /** Connections ended because the library could not stand what they sent. */
  felled: number;
}

/** After initialize(), before start(). */
export function guardConnections(server: OPCUAServer, log: Log): GuardCounters {
  const counters = { felled: 0 };
  const ration = new Ration();
  for (const endpoint of server.endpoints) {
    const listener: unknown = Reflect.get(endpoint, LISTENER);
    if (!(listener instanceof Server))
      throw new Error("this version of node-opcua-server listens in another way: it cannot be guarded");
    listener.prependListener("connection", (socket: Socket) => guard(socket, log, ration, counters));
  }
  return counters;
}

function guard(socket: Socket, log: Log, ration: Ration, counters: GuardCounters): void {
  const emit = socket.emit.bind(socket);
  const address = plainAddress(socket.remoteAddress ?? ""); // later it may be gone
  const guarded = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event !== "data") return emit(event, ...values);
    try {
      return emit(event, ...values);
    } catch (error) {
      counters.felled++;
      ration.take(
        (message) => log.warn(message),
        `OPC UA: the connection of ${address} is ended: ${error instanceof Error ? error.message : String(error)}`,
      );
      socket.destroy();
      return true;
    }
  };
  Reflect.set(socket, "emit", guarded);
}
