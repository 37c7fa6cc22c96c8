// One client's TCP connection. Requests are answered one after the other in the order in which they came. A client that
// sends faster than it takes the answers, or while a write is under way, is not read from: nothing is queued but what one
// read of the socket brought.
import type { Socket } from "node:net";
import { type Counters, countException } from "./counters.ts";
import { GATEWAY_TARGET_FAILED } from "./exceptions.ts";
import { EXCEPTION_BIT } from "./functions.ts";
import { FRAME_MAX, HEADER, LENGTH_AT, LENGTH_MAX, LENGTH_MIN, MODBUS_PROTOCOL, PROTOCOL_AT, UNCOUNTED, UNIT_AT } from "./mbap.ts";
import { answerRead, answerWrite, isWrite, refuse } from "./pdu.ts";
import { isTcpUnit, type ModbusClient, type ModbusTarget } from "./target.ts";

/** Bytes of answers on their way to a client from which on no more of its requests are read. */
export const UNTAKEN_MAX = 64 * 1024;
/** Answers that are collected for one write to the socket. */
const OUT_SIZE = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);
const IPV4_IN_IPV6 = "::ffff:";

/** What all connections of a server have in common. */
export interface Shared {
  readonly target: ModbusTarget;
  readonly unit: number;
  readonly counters: Counters;
  /** Where answers are collected: one buffer for all connections, and a new one whenever a socket has not taken it at once. */
  out: Buffer;
}

export const newOut = (): Buffer => Buffer.allocUnsafeSlow(OUT_SIZE);

export class Connection {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly #address: string;
  /** By units: an object for each that this client has named. */
  readonly #clients: (ModbusClient | undefined)[] = [];
  /** Received, and not yet answered. */
  #pending = NOTHING;
  /** The client has said that it will send no more; it still gets its answers. */
  #hasEnded = false;
  /** A write is under way. */
  #isBusy = false;
  /** Sweeps since the last request was completed. */
  #quietSweeps = 0;

  constructor(socket: Socket, shared: Shared) {
    this.#socket = socket;
    this.#shared = shared;
    const remote = socket.remoteAddress ?? "";
    this.#address = remote.startsWith(IPV4_IN_IPV6) ? remote.slice(IPV4_IN_IPV6.length) : remote;
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
    socket.on("drain", () => this.#goOn());
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#goOn();
    });
    socket.on("error", () => socket.destroy()); // a reset is an end like any other
  }

  /** Called at regular intervals: whether this is the one after `most` of them without a completed request. */
  isIdle(most: number): boolean {
    this.#quietSweeps = this.#isBusy ? 0 : this.#quietSweeps + 1;
    return this.#quietSweeps > most;
  }

  #received(chunk: Buffer): void {
    if (this.#socket.writableEnded) return; // broken off
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (this.#mayAnswer()) this.#answerPending();
    else this.#socket.pause();
  }

  #mayAnswer(): boolean {
    return !this.#isBusy && this.#socket.writable && this.#socket.writableLength < UNTAKEN_MAX;
  }

  /** After a write, or when the client has taken its answers. */
  #goOn(): void {
    if (!this.#mayAnswer()) return;
    this.#answerPending();
    if (!this.#mayAnswer()) return;
    if (this.#hasEnded) this.#socket.end();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #answerPending(): void {
    const bytes = this.#pending;
    const shared = this.#shared;
    let at = 0; // in bytes
    let filled = 0; // of shared.out
    while (at + UNCOUNTED <= bytes.length) {
      const length = bytes.readUInt16BE(at + LENGTH_AT);
      const end = at + UNCOUNTED + length;
      if (length < LENGTH_MIN || length > LENGTH_MAX) {
        this.#send(filled);
        this.#breakOff();
        return;
      }
      if (end > bytes.length) break;
      if (bytes.readUInt16BE(at + PROTOCOL_AT) !== MODBUS_PROTOCOL) {
        shared.counters.dropped++;
      } else if (this.#isOurs(bytes, at) && isWrite(bytes[at + HEADER] ?? 0)) {
        void this.#write(Buffer.from(bytes.subarray(at, end)));
        at = end;
        break;
      } else {
        filled += this.#read(bytes, at, end, shared.out, filled);
        if (shared.out.length - filled < FRAME_MAX) {
          this.#send(filled);
          filled = 0;
          if (!this.#mayAnswer()) {
            at = end;
            break;
          }
        }
      }
      at = end;
    }
    this.#send(filled);
    // What stays is copied where it is less than a frame, so that one byte does not keep a whole chunk.
    const rest = bytes.subarray(at);
    this.#pending = rest.length === 0 ? NOTHING : rest.length < FRAME_MAX ? Buffer.from(rest) : rest;
    if (!this.#mayAnswer()) this.#socket.pause();
  }

  #isOurs(bytes: Buffer, at: number): boolean {
    return isTcpUnit(bytes[at + UNIT_AT] ?? 0, this.#shared.unit);
  }

  #read(bytes: Buffer, at: number, end: number, into: Buffer, to: number): number {
    const length = this.#isOurs(bytes, at)
      ? answerRead(this.#shared.target, bytes, at + HEADER, end, into, to + HEADER)
      : refuse(bytes[at + HEADER] ?? 0, GATEWAY_TARGET_FAILED, into, to + HEADER);
    return this.#finish(bytes, at, into, to, length);
  }

  async #write(request: Buffer): Promise<void> {
    const { target, counters } = this.#shared;
    const unit = request[UNIT_AT] ?? 0;
    const client = (this.#clients[unit] ??= { via: "tcp", address: this.#address, unit });
    const reply = Buffer.allocUnsafe(FRAME_MAX);
    this.#isBusy = true;
    const length = await answerWrite(target, client, request.subarray(HEADER), reply, HEADER);
    this.#isBusy = false;
    const whole = this.#finish(request, 0, reply, 0, length);
    if (!this.#socket.writable) {
      counters.late++;
      return;
    }
    this.#socket.write(reply.subarray(0, whole));
    this.#goOn();
  }

  /** The header before an answer of that length, made of its request's. The length of both. */
  #finish(request: Buffer, at: number, into: Buffer, to: number, length: number): number {
    const { counters } = this.#shared;
    counters.requests++;
    this.#quietSweeps = 0;
    request.copy(into, to, at, at + HEADER);
    into.writeUInt16BE(length + 1, to + LENGTH_AT);
    const code = into[to + HEADER] ?? 0;
    if ((code & EXCEPTION_BIT) !== 0) countException(counters, into[to + HEADER + 1] ?? 0);
    return HEADER + length;
  }

  #send(filled: number): void {
    if (filled === 0) return;
    const shared = this.#shared;
    this.#socket.write(shared.out.subarray(0, filled));
    // What the kernel has not taken at once is still read from.
    if (this.#socket.writableLength > 0) shared.out = newOut();
  }

  /** There is no telling where the next request begins. */
  #breakOff(): void {
    this.#shared.counters.broken++;
    this.#pending = NOTHING;
    this.#socket.destroySoon();
  }
}
