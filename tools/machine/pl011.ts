// The board's UART: Arm PL011 (DDI 0183), as far as a polling driver and one with a receive interrupt can tell. What is
// sent is kept for the test to read; what the test types waits in the receive FIFO.
import { MachineError, hex } from "./errors.ts";
import type { Uart } from "./uart.ts";

export const FIFO_DEPTH = 16;

const DR = 0x00;
const FR = 0x18;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;

const FR_RXFE = 1 << 4;
const FR_TXFF = 1 << 5;
const FR_RXFF = 1 << 6;
const FR_TXFE = 1 << 7;
const FR_BUSY = 1 << 3;
const INTERRUPT_RX = 1 << 4;
const INTERRUPT_TX = 1 << 5;
const INTERRUPT_RT = 1 << 6;

export class Pl011 implements Uart {
  readonly accessBytes = 4;
  /** Everything that has gone out on the wire. */
  readonly sent: number[] = [];
  /** A wire that takes nothing: the transmit FIFO fills up and stays full. */
  stalled = false;
  slowFifo: number | undefined;
  private readonly transmit: number[] = [];
  private readonly receive: number[] = [];
  private readonly settings = new Map<number, number>([[IBRD, 0], [FBRD, 0], [LCR_H, 0], [CR, 0x300], [IFLS, 0x12], [IMSC, 0]]);

  /** The wire takes everything that waits in the transmit FIFO. */
  drain(): void {
    if (!this.stalled) this.sent.push(...this.transmit.splice(0));
  }

  /** Types bytes; gives back how many the FIFO had room for. */
  type(bytes: Iterable<number>): number {
    let taken = 0;
    for (const byte of bytes) {
      if (this.receive.length >= FIFO_DEPTH) break;
      this.receive.push(byte);
      taken++;
    }
    return taken;
  }

  get unread(): number {
    return this.receive.length;
  }

  private get status(): number {
    return (this.receive.length > 0 ? INTERRUPT_RX | INTERRUPT_RT : 0)
      | (this.transmit.length <= FIFO_DEPTH / 2 ? INTERRUPT_TX : 0);
  }

  /** The interrupt wire. */
  get interrupt(): boolean {
    return (this.status & (this.settings.get(IMSC) ?? 0)) !== 0;
  }

  read(offset: number): number {
    switch (offset) {
      case DR: return this.receive.shift() ?? 0;
      case FR: {
        const flags = (this.receive.length === 0 ? FR_RXFE : 0) | (this.receive.length >= FIFO_DEPTH ? FR_RXFF : 0)
          | (this.transmit.length === 0 ? FR_TXFE : FR_BUSY)
            | (this.transmit.length >= (this.slowFifo ?? FIFO_DEPTH) ? FR_TXFF : 0);
        // A byte leaves for each look at the flags: so that a driver which waits for room gets it, and sees it being full.
        const byte = this.stalled || this.slowFifo !== undefined ? undefined : this.transmit.shift();
        if (byte !== undefined) this.sent.push(byte);
        return flags;
      }
      case RIS: return this.status;
      case MIS: return this.status & (this.settings.get(IMSC) ?? 0);
      default: {
        const value = this.settings.get(offset);
        if (value === undefined) {
          throw new MachineError("MACHINE_BUS", `the PL011 has no readable register at offset ${hex(offset)}`);
        }
        return value;
      }
    }
  }

  write(offset: number, value: number): void {
    if (offset === DR) {
      if (this.transmit.length >= (this.slowFifo ?? FIFO_DEPTH)) {
        throw new MachineError("MACHINE_BUS", "byte written to a full PL011 transmit FIFO: look at FR.TXFF first");
      }
      this.transmit.push(value & 0xff);
    } else if (offset === ICR) {
      return; // the modelled interrupts are levels of the FIFOs
    } else if (this.settings.has(offset)) {
      this.settings.set(offset, value);
    } else {
      throw new MachineError("MACHINE_BUS", `the PL011 has no writable register at offset ${hex(offset)}`);
    }
  }
}
