// How a TCP server begins to listen, whatever it serves.
import type { AddressInfo, Server } from "node:net";

export interface ListenAt {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * The port, once it listens there. Rejects with Node's error when it cannot. `lost` is called for each connection that cannot
 * be accepted later on: Node tells that as an error of the server, and one that nobody hears ends the process. (Not when file
 * descriptors run out: then libuv takes the connection and closes it by itself.)
 */
export function listenAt(server: Server, { host, port }: ListenAt, lost: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      server.on("error", lost);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
