// One client's TCP connection. Requests are answered one after the other in the order in which they came. A client that
// sends faster than it takes the answers, or while a write is under way, is not read from: nothing is queued but what one
// read of the socket brought.
import type { Socket } from "node:net";
import { readInto } from "./accepted.ts";
import { type Counters, countException } from "./counters.ts";
import { GATEWAY_TARGET_FAILED } from "./exceptions.ts";
import { EXCEPTION_BIT } from "./functions.ts";
import {
  FRAME_MAX,
  HEADER,
  LENGTH_AT,
  LENGTH_MAX,
  LENGTH_MIN,
  MODBUS_PROTOCOL,
  PROTOCOL_AT,
  UNCOUNTED,
  UNIT_AT,
} from "./mbap.ts";
import { answerRead, answerWrite, isWrite, refuse } from "./pdu.ts";
import { isTcpUnit, type ModbusClient, type ModbusTarget } from "./target.ts";

/** Bytes of answers on their way to a client from which on no more of its requests are read. */
export const UNTAKEN_MAX = 64 * 1024;
/** Of one read. */
const IN_SIZE = 64 * 1024;
/** Answers that are collected for one write to the socket. */
const OUT_SIZE = 16 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);
const IPV4_IN_IPV6 = "::ffff:";

/** What all connections of a server have in common. */
export interface Shared {
  readonly target: ModbusTarget;
  readonly unit: number;
  readonly counters: Counters;
  /** Where what is received is read into: it is dealt with at once, or copied. */
  readonly in: Buffer;
  /** Where answers are collected: one buffer for all connections, and a new one whenever a socket has not taken it at once. */
  out: Buffer;
  /** The beginning of `out` that was sent last: often the next answer is as long. */
  view: Buffer;
}

/** What a new server's connections share. */
export function share(target: ModbusTarget, unit: number, counters: Counters): Shared {
  const out = newOut();
  return { target, unit, counters, in: Buffer.allocUnsafeSlow(IN_SIZE), out, view: out };
}

const newOut = (): Buffer => Buffer.allocUnsafeSlow(OUT_SIZE);

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

  constructor(accepted: Socket, shared: Shared) {
    this.#shared = shared;
    const socket = readInto(shared.in, accepted, (bytes, length) => this.#received(bytes, length));
    this.#socket = socket;
    const remote = socket.remoteAddress ?? "";
    this.#address = remote.startsWith(IPV4_IN_IPV6) ? remote.slice(IPV4_IN_IPV6.length) : remote;
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

  get socket(): Socket {
    return this.#socket;
  }

  #received(bytes: Buffer, length: number): boolean {
    if (this.#socket.writableEnded) return true; // broken off: whatever still comes is nothing
    if (this.#pending.length === 0 && this.#mayAnswer()) this.#answerAll(bytes, length);
    else {
      this.#pending = Buffer.concat([this.#pending, bytes.subarray(0, length)]);
      if (this.#mayAnswer()) this.#answerAll(this.#pending, this.#pending.length);
    }
    // During a write it is still read from, so that a client that goes is noticed, until there is something to keep.
    return this.#mayAnswer() || (this.#isBusy && this.#pending.length === 0);
  }

  #mayAnswer(): boolean {
    return !this.#isBusy && this.#socket.writable && this.#socket.writableLength < UNTAKEN_MAX;
  }

  /** After a write, or when the client has taken its answers. */
  #goOn(): void {
    if (!this.#mayAnswer()) return;
    this.#answerAll(this.#pending, this.#pending.length);
    if (!this.#mayAnswer()) return;
    if (this.#hasEnded) this.#socket.end();
    else this.#socket.resume();
  }

  /** Answers what can be answered of bytes[0 … received), and keeps the rest. */
  #answerAll(bytes: Buffer, received: number): void {
    const shared = this.#shared;
    let at = 0; // in bytes
    let filled = 0; // of shared.out
    while (at + UNCOUNTED <= received) {
      const length = bytes.readUInt16BE(at + LENGTH_AT);
      const end = at + UNCOUNTED + length;
      if (length < LENGTH_MIN || length > LENGTH_MAX) {
        this.#send(filled);
        this.#breakOff();
        return;
      }
      if (end > received) break;
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
    this.#pending = at === received ? NOTHING : Buffer.from(bytes.subarray(at, received)); // `bytes` may be shared.in
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
    for (let i = 0; i < HEADER; i++) into[to + i] = request[at + i] ?? 0; // faster than copy() for so few
    into.writeUInt16BE(length + 1, to + LENGTH_AT);
    const code = into[to + HEADER] ?? 0;
    if ((code & EXCEPTION_BIT) !== 0) countException(counters, into[to + HEADER + 1] ?? 0);
    return HEADER + length;
  }

  #send(filled: number): void {
    if (filled === 0) return;
    const shared = this.#shared;
    if (shared.view.length !== filled) shared.view = shared.out.subarray(0, filled);
    this.#socket.write(shared.view);
    if (this.#socket.writableLength === 0) return;
    shared.out = newOut(); // what the kernel has not taken at once is still read from
    shared.view = shared.out;
  }

  /** There is no telling where the next request begins. */
  #breakOff(): void {
    this.#shared.counters.broken++;
    this.#pending = NOTHING;
    this.#socket.destroySoon();
  }
}
