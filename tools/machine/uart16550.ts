// A board's UART of the 16550 kind (National Semiconductor PC16550D), bytes one behind the other, as far as a polling driver and
// one with a receive interrupt can tell. What is sent is kept for the test to read; what the test types waits in the receive
// FIFO.
import { hex, MachineError } from "./errors.ts";
import type { Uart, UartFacts } from "./uart.ts";

export const FIFO_BYTES = 16;

const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RECEIVED = 1 << 0;
const IER_EMPTY = 1 << 1;
const IIR_NONE = 1;
const IIR_EMPTY = 2;
const IIR_RECEIVED = 4;
/** FIFOs on. */
const IIR_FIFO = 0xc0;
const LCR_DLAB = 1 << 7;
const LSR_READY = 1 << 0;
const LSR_EMPTY = 1 << 5;
const LSR_IDLE = 1 << 6;

export class Uart16550 implements Uart {
  readonly sent: number[] = [];
  readonly accessBytes: number;
  stalled = false;
  private readonly transmit: number[] = [];
  private readonly receive: number[] = [];
  private readonly settings = new Map<number, number>([[IER, 0], [LCR, 0], [MCR, 0], [SCR, 0]]);
  private readonly shift: number;
  /** Of the latch. */
  divisor = 0;
  /** A DW_apb_uart takes no LCR while it is busy. */
  private readonly busy: boolean;

  constructor({ shift, wide }: Pick<UartFacts, "shift" | "wide"> = { shift: 0, wide: false }) {
    this.shift = shift;
    this.accessBytes = wide ? 4 : 1;
    this.busy = wide;
  }

  drain(): void {
    if (!this.stalled) this.sent.push(...this.transmit.splice(0));
  }

  type(bytes: Iterable<number>): number {
    let taken = 0;
    for (const byte of bytes) {
      if (this.receive.length >= FIFO_BYTES) break;
      this.receive.push(byte);
      taken++;
    }
    return taken;
  }

  get unread(): number {
    return this.receive.length;
  }

  /** The interrupt wire. */
  get interrupt(): boolean {
    return this.identification !== IIR_NONE;
  }

  private get identification(): number {
    const enabled = this.settings.get(IER) ?? 0;
    if ((enabled & IER_RECEIVED) !== 0 && this.receive.length > 0) return IIR_RECEIVED;
    return (enabled & IER_EMPTY) !== 0 && this.transmit.length === 0 ? IIR_EMPTY : IIR_NONE;
  }

  /** The divisor's latch is where the data and IER are otherwise. */
  private get latched(): boolean {
    return ((this.settings.get(LCR) ?? 0) & LCR_DLAB) !== 0;
  }

  private registerAt(offset: number): number {
    const register = offset / 2 ** this.shift;
    if (Number.isInteger(register)) return register;
    throw new MachineError("MACHINE_BUS", `the 16550 has no register at offset ${hex(offset)}`);
  }

  read(offset: number): number {
    const register = this.registerAt(offset);
    switch (register) {
      case RBR_THR: return this.latched ? this.divisor & 0xff : this.receive.shift() ?? 0;
      case IER: return this.latched ? this.divisor >> 8 : this.settings.get(IER) ?? 0;
      case IIR_FCR: return IIR_FIFO | this.identification;
      case LSR: {
        const status = (this.receive.length > 0 ? LSR_READY : 0) | (this.transmit.length === 0 ? LSR_EMPTY | LSR_IDLE : 0);
        // A byte leaves for each look: so that a driver which waits for room gets it, and sees it being full.
        const byte = this.stalled ? undefined : this.transmit.shift();
        if (byte !== undefined) this.sent.push(byte);
        return status;
      }
      case MSR: return 0;
      default: {
        const value = this.settings.get(register);
        if (value === undefined) throw new MachineError("MACHINE_BUS", `the 16550 has no register at offset ${hex(offset)}`);
        return value;
      }
    }
  }

  write(offset: number, value: number): void {
    const byte = value & 0xff;
    const register = this.registerAt(offset);
    if (register === LCR && this.busy && this.transmit.length > 0) return;
    if (register === RBR_THR && this.latched) {
      this.divisor = (this.divisor & 0xff00) | byte;
    } else if (register === IER && this.latched) {
      this.divisor = (this.divisor & 0xff) | (byte << 8);
    } else if (register === RBR_THR) {
      if (this.transmit.length >= FIFO_BYTES) {
        throw new MachineError("MACHINE_BUS", "byte written to a full 16550 transmit FIFO: look at LSR first");
      }
      this.transmit.push(byte);
    } else if (this.settings.has(register)) {
      this.settings.set(register, byte);
    } else if (register !== IIR_FCR && register !== LSR && register !== MSR) {
      throw new MachineError("MACHINE_BUS", `the 16550 has no register at offset ${hex(offset)}`);
    }
  }
}
