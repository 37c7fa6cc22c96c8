// A server of the Network Block Device protocol (NetworkBlockDevice/nbd, doc/proto.md): as much of it as QEMU's client needs, for
// one export and without structured replies. All numbers are big endian.
//
//   server   "NBDMAGIC"  "IHAVEOPT"  flags: u16                     fixed newstyle negotiation
//   client   flags: u32, then options, each of which is answered:
//            "IHAVEOPT"  option: u32  length: u32  data
//   server   0x0003e889045565a9  option: u32  type: u32  length: u32  data
//   client   0x25609513  flags: u16  type: u16  cookie: u64  offset: u64  length: u32  data     transmission
//   server   0x67446698  error: u32  cookie: u64  data
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";

const HELLO = Buffer.from("NBDMAGICIHAVEOPT");
const FIXED_NEWSTYLE = 1;
const CLIENT_FLAGS_BYTES = 4;

const OPTION_BYTES = 16;
const OPTION = { abort: 2, go: 7 } as const;
const OPTION_REPLY = 0x0003_e889_0455_65a9n;
const REPLY = { ack: 1, info: 3, unsupported: 0x8000_0001 } as const;
const INFO_EXPORT = 0;
const HAS_FLAGS = 1;
const SENDS_FLUSH = 4;

const REQUEST = 0x2560_9513;
const REQUEST_BYTES = 28;
const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3 } as const;
const SIMPLE_REPLY = 0x6744_6698;
const EINVAL = 22;

/** What is served. Each of these may end the connection instead, as a disk does that has no power any more: `undefined`. */
export interface Exported {
  readonly bytes: number;
  /** Fewer than `length`: the answer is cut off behind them. */
  read(offset: number, length: number): Uint8Array | undefined;
  write(offset: number, bytes: Uint8Array): "done" | undefined;
}

export class NbdServer {
  exported: Exported;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, exported: Exported) {
    this.#server = server;
    this.exported = exported;
  }

  /** `path`: of its socket. */
  static async start(path: string, exported: Exported): Promise<NbdServer> {
    const server = createServer();
    const nbd = new NbdServer(server, exported);
    server.on("connection", (socket) => nbd.#serve(socket));
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
    return nbd;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => undefined); // the client has gone: nobody waits for an answer
    const talk = this.#talk(socket);
    let wanted = talk.next();
    let pending: Buffer = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      pending = Buffer.concat([pending, bytes]);
      while (!wanted.done && pending.length >= wanted.value) {
        const piece = pending.subarray(0, wanted.value);
        pending = pending.subarray(wanted.value);
        wanted = talk.next(piece);
      }
      if (wanted.done) socket.destroySoon();
    });
  }

  /** Yields how many bytes it needs next, and is given them. At its end the connection ends. */
  *#talk(socket: Socket): Generator<number, void, Buffer> {
    socket.write(Buffer.concat([HELLO, u16(FIXED_NEWSTYLE)]));
    yield CLIENT_FLAGS_BYTES;
    for (;;) {
      const header = yield OPTION_BYTES;
      const option = header.readUInt32BE(8);
      yield header.readUInt32BE(12);
      const reply = (type: number, data = Buffer.alloc(0)): void =>
        void socket.write(Buffer.concat([u64(OPTION_REPLY), u32(option), u32(type), u32(data.length), data]));
      if (option === OPTION.abort) return;
      if (option !== OPTION.go) {
        reply(REPLY.unsupported);
        continue;
      }
      reply(REPLY.info, Buffer.concat([u16(INFO_EXPORT), u64(BigInt(this.exported.bytes)), u16(HAS_FLAGS | SENDS_FLUSH)]));
      reply(REPLY.ack);
      break;
    }
    for (;;) {
      const request = yield REQUEST_BYTES;
      const type = request.readUInt16BE(6);
      const cookie = request.subarray(8, 16);
      const offset = Number(request.readBigUInt64BE(16));
      const length = request.readUInt32BE(24);
      const data = type === COMMAND.write ? yield length : undefined;
      const { exported } = this;
      if (request.readUInt32BE(0) !== REQUEST || type === COMMAND.disconnect) return;
      const reply = (error: number, bytes: Uint8Array = new Uint8Array(0)): void =>
        void socket.write(Buffer.concat([u32(SIMPLE_REPLY), u32(error), cookie, bytes]));
      if (type === COMMAND.flush) reply(0);
      else if (type > COMMAND.flush || offset + length > exported.bytes) reply(EINVAL);
      else if (data !== undefined) {
        if (exported.write(offset, data) === undefined) return;
        reply(0);
      } else {
        const bytes = exported.read(offset, length);
        if (bytes === undefined) return;
        reply(0, bytes);
        if (bytes.length < length) return;
      }
    }
  }
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
