// TCP connections as a file that Wireshark reads (libpcap's format, draft-ietf-opsawg-pcap). The bytes come from a proxy,
// so that nobody needs the right to capture; around them are made the headers that belong there.
//
//     file     magic, version 2.4, 0, 0, snap length, link type RAW (an IP header comes first)
//     packet   seconds, microseconds, length, length; IPv4 header (RFC 791), TCP header (RFC 9293), data
import { writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

const PCAP_BYTES = 24;
const PCAP_MAGIC = 0xa1b2c3d4;
const SNAP_LENGTH = 0x40000;
const LINKTYPE_RAW = 101;
const RECORD_BYTES = 16;
const IP_BYTES = 20;
const TCP_BYTES = 20;
const VERSION_AND_LENGTH = 0x45; // in words
const TIME_TO_LIVE = 64;
const PROTOCOL_TCP = 6;
const LOOPBACK = 0x7f000001;
const FIRST_CLIENT_PORT = 50_000;
const WINDOW = 0xffff;
const SYN = 2;
const PUSH = 8;
const ACK = 16;
/** What is longer becomes several packets. */
const SEGMENT = 16_000;
const NOTHING = Buffer.alloc(0);

export const DIRECTIONS = ["request", "answer"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** One connection, as packets. */
class Recorded {
  readonly packets: Buffer[] = [];
  readonly bytes: Record<Direction, Buffer> = { request: NOTHING, answer: NOTHING };
  readonly #ports: Readonly<Record<Direction, number>>;
  readonly #next: Record<Direction, number> = { request: 0, answer: 0 };

  constructor(client: number, server: number) {
    this.#ports = { request: client, answer: server };
    this.#packet("request", SYN, NOTHING);
    this.#next.request++; // a SYN counts as a byte
    this.#packet("answer", SYN | ACK, NOTHING);
    this.#next.answer++;
  }

  add(direction: Direction, bytes: Buffer): void {
    this.bytes[direction] = Buffer.concat([this.bytes[direction], bytes]);
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const data = bytes.subarray(at, at + SEGMENT);
      this.#packet(direction, PUSH | ACK, data);
      this.#next[direction] += data.length;
    }
  }

  #packet(direction: Direction, flags: number, data: Buffer): void {
    const back = direction === "request" ? "answer" : "request";
    const length = IP_BYTES + TCP_BYTES + data.length;
    const header = Buffer.alloc(RECORD_BYTES + IP_BYTES + TCP_BYTES);
    const now = Date.now();
    header.writeUInt32LE(Math.floor(now / 1000), 0);
    header.writeUInt32LE((now % 1000) * 1000, 4);
    header.writeUInt32LE(length, 8);
    header.writeUInt32LE(length, 12);
    const ip = header.subarray(RECORD_BYTES);
    ip.writeUInt8(VERSION_AND_LENGTH, 0);
    ip.writeUInt16BE(length, 2);
    ip.writeUInt8(TIME_TO_LIVE, 8);
    ip.writeUInt8(PROTOCOL_TCP, 9);
    ip.writeUInt32BE(LOOPBACK, 12);
    ip.writeUInt32BE(LOOPBACK, 16);
    const tcp = ip.subarray(IP_BYTES);
    tcp.writeUInt16BE(this.#ports[direction], 0);
    tcp.writeUInt16BE(this.#ports[back], 2);
    tcp.writeUInt32BE(this.#next[direction], 4);
    tcp.writeUInt32BE((flags & ACK) === 0 ? 0 : this.#next[back], 8);
    tcp.writeUInt8((TCP_BYTES / 4) << 4, 12);
    tcp.writeUInt8(flags, 13);
    tcp.writeUInt16BE(WINDOW, 14);
    this.packets.push(header, data);
  }
}

export class Recorder {
  readonly #server: Server;
  readonly #connections: Recorded[] = [];
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number, port: number) {
    this.#server = server;
    server.on("connection", (client) => {
      const recorded = new Recorded(FIRST_CLIENT_PORT + this.#connections.length, port);
      this.#connections.push(recorded);
      this.#relay(client, connect({ port: target, host: "127.0.0.1", noDelay: true }), recorded);
    });
  }

  /** `target`: where the server is; `port`: the one that the file shows, by which Wireshark knows a protocol. */
  static async before(target: number, port: number): Promise<Recorder> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Recorder(server, target, port);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What each connection has carried that way. */
  bytes(direction: Direction): Buffer[] {
    return this.#connections.map(({ bytes }) => bytes[direction]);
  }

  write(path: string): void {
    const header = Buffer.alloc(PCAP_BYTES);
    header.writeUInt32LE(PCAP_MAGIC, 0);
    header.writeUInt16LE(2, 4);
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(SNAP_LENGTH, 16);
    header.writeUInt32LE(LINKTYPE_RAW, 20);
    writeFileSync(path, Buffer.concat([header, ...this.#connections.flatMap(({ packets }) => packets)]));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(client: Socket, server: Socket, recorded: Recorded): void {
    for (const [from, to, direction] of [[client, server, "request"], [server, client, "answer"]] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes: Buffer) => {
        recorded.add(direction, bytes);
        to.write(bytes);
      });
      from.on("error", () => {}); // "close" follows
      from.on("close", () => to.end());
    }
  }
}
