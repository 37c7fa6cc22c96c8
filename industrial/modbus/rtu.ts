// The Modbus server on a serial line (MODBUS over Serial Line V1.02, 2.5.1). A frame ends where the line is silent for 3.5
// characters; the gap of 1.5 characters inside a frame is below what a program sees of a UART, and is not looked for.
//
//   unit │ request … │ checksum, low byte first
//
// Frames for other units, and their answers, pass by on the same line. A broadcast is done and not answered.
import type { Duplex } from "node:stream";
import { type Counters, countException, newCounters } from "./counters.ts";
import { crc16 } from "./crc16.ts";
import { ModbusError } from "./errors.ts";
import { EXCEPTION_BIT, PDU_MAX, READ_WRITE_MULTIPLE_REGISTERS } from "./functions.ts";
import { answerRead, answerWrite, isWrite } from "./pdu.ts";
import { BROADCAST, FIRST_UNIT, LAST_UNIT, type ModbusClient, type ModbusTarget } from "./target.ts";

const PDU_AT = 1;
const CHECKSUM = 2;
/** Unit, function, checksum. */
const FRAME_MIN = PDU_AT + 1 + CHECKSUM;
const FRAME_MAX = PDU_AT + PDU_MAX + CHECKSUM;
/** Start, eight of data, parity or a second stop bit, stop. */
const BITS_OF_CHARACTER = 11;
const GAP_CHARACTERS = 3.5;
/** Above this speed the gap is fixed. */
const FAST_BAUD = 19_200;
const FAST_GAP_MS = 1.75;
const SECOND = 1000;

/** How long the line is silent at the end of a frame. */
export const gapMilliseconds = (baud: number): number =>
  baud > FAST_BAUD ? FAST_GAP_MS : (GAP_CHARACTERS * BITS_OF_CHARACTER * SECOND) / baud;

export interface RtuOptions {
  readonly unit: number;
  readonly baud: number;
  /** What the target is told as the client's address. */
  readonly port: string;
}

export class ModbusRtuServer {
  readonly counters: Counters;
  readonly #line: Duplex;
  readonly #target: ModbusTarget;
  readonly #unit: number;
  readonly #gap: number;
  readonly #client: ModbusClient;
  readonly #broadcaster: ModbusClient;
  readonly #frame = Buffer.alloc(FRAME_MAX);
  readonly #reply = Buffer.alloc(FRAME_MAX);
  /** Received since the last gap; one more than FRAME_MAX stands for any length beyond. */
  #length = 0;
  /** Counts what was received, so that an answer knows whether the line was silent all the time. */
  #heard = 0;
  /** A write is under way, and its answer will stand in #reply. */
  #isBusy = false;
  #silence: NodeJS.Timeout | undefined;

  /** Serves a line that is open; `counters`: those of the line before, where it was opened again. */
  constructor(line: Duplex, target: ModbusTarget, { unit, baud, port }: RtuOptions, counters: Counters = newCounters()) {
    if (!Number.isInteger(unit) || unit < FIRST_UNIT || unit > LAST_UNIT) throw new ModbusError("AXV_MODBUS_UNIT", String(unit));
    this.#line = line;
    this.#target = target;
    this.#unit = unit;
    this.#gap = Math.ceil(gapMilliseconds(baud)); // timers have milliseconds
    this.#client = { via: "rtu", address: port, unit };
    this.#broadcaster = { via: "rtu", address: port, unit: BROADCAST };
    this.counters = counters;
    line.on("data", (chunk: Buffer) => this.#received(chunk));
    line.on("error", () => line.destroy());
    line.once("close", () => clearTimeout(this.#silence));
  }

  #received(chunk: Buffer): void {
    this.#heard++;
    if (this.#length + chunk.length <= FRAME_MAX) {
      chunk.copy(this.#frame, this.#length);
      this.#length += chunk.length;
    } else this.#length = FRAME_MAX + 1;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#perhapsSilent(), this.#gap);
  }

  /** A timer that is late may run before bytes that came in time are read: once around the event loop, and they are. */
  #perhapsSilent(): void {
    const heard = this.#heard;
    setImmediate(() => {
      if (heard === this.#heard) this.#frameEnded();
    });
  }

  #frameEnded(): void {
    const length = this.#length;
    this.#length = 0;
    if (
      length < FRAME_MIN ||
      length > FRAME_MAX ||
      this.#frame.readUInt16LE(length - CHECKSUM) !== crc16(this.#frame, 0, length - CHECKSUM)
    ) {
      this.counters.dropped++;
      return;
    }
    const unit = this.#frame[0] ?? 0;
    const code = this.#frame[PDU_AT] ?? 0;
    const end = length - CHECKSUM;
    if (unit === BROADCAST) this.#broadcast(code, end);
    else if (unit === this.#unit) this.#request(code, end);
  }

  #broadcast(code: number, end: number): void {
    if (!isWrite(code) || code === READ_WRITE_MULTIPLE_REGISTERS) return; // what asks for values cannot be a broadcast
    this.counters.requests++;
    const refusal = Buffer.alloc(PDU_MAX); // nobody will read it
    void answerWrite(this.#target, this.#broadcaster, Buffer.from(this.#frame.subarray(PDU_AT, end)), refusal, 0).then(() =>
      this.#count(refusal, 0),
    );
  }

  #request(code: number, end: number): void {
    if (this.#isBusy) {
      this.counters.late++; // a master that has not waited for the answer of a write: it will ask again
      return;
    }
    this.counters.requests++;
    if (!isWrite(code)) {
      this.#answer(answerRead(this.#target, this.#frame, PDU_AT, end, this.#reply, PDU_AT));
      return;
    }
    const heard = this.#heard;
    this.#isBusy = true;
    void answerWrite(this.#target, this.#client, Buffer.from(this.#frame.subarray(PDU_AT, end)), this.#reply, PDU_AT).then(
      (length) => {
        this.#isBusy = false;
        if (heard === this.#heard && this.#line.writable) this.#answer(length);
        else this.counters.late++; // others talk by now
      },
    );
  }

  #answer(length: number): void {
    this.#count(this.#reply, PDU_AT);
    const end = PDU_AT + length;
    this.#reply[0] = this.#unit;
    this.#reply.writeUInt16LE(crc16(this.#reply, 0, end), end);
    this.#line.write(Buffer.from(this.#reply.subarray(0, end + CHECKSUM)));
  }

  #count(answer: Buffer, at: number): void {
    if (((answer[at] ?? 0) & EXCEPTION_BIT) !== 0) countException(this.counters, answer[at + 1] ?? 0);
  }
}
