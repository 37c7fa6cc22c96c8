// Cadence's UART as the Zynq UltraScale+ has it (UG1087), as far as a polling driver can tell. What is sent is kept for the test
// to read; what the test types waits in the receive FIFO.
import { hex, MachineError } from "./errors.ts";
import type { Uart } from "./uart.ts";

const FIFO_BYTES = 64;

const CONTROL = 0x00;
const MODE = 0x04;
const INTERRUPT_ENABLE = 0x08;
const INTERRUPT_DISABLE = 0x0c;
const INTERRUPT_MASK = 0x10;
const BRGR = 0x18;
const CHANNEL_STATUS = 0x2c;
const FIFO = 0x30;
const BDIV = 0x34;

const [RXEN, RXDIS, TXEN, TXDIS] = [1 << 2, 1 << 3, 1 << 4, 1 << 5];
const [RX_EMPTY, RX_FULL, TX_EMPTY, TX_FULL] = [1 << 1, 1 << 2, 1 << 3, 1 << 4];
/** After a reset: off. */
const CONTROL_RESET = RXDIS | TXDIS;
const INTERRUPTS = 0x1fff;

export class Cadence implements Uart {
  readonly accessBytes = 4;
  readonly sent: number[] = [];
  stalled = false;
  private readonly transmit: number[] = [];
  private readonly receive: number[] = [];
  private readonly settings = new Map<number, number>([[CONTROL, CONTROL_RESET], [MODE, 0], [BRGR, 0x28b], [BDIV, 0xf]]);
  /** Interrupts that it has on. */
  mask = INTERRUPTS;

  drain(): void {
    if (!this.stalled) this.sent.push(...this.transmit.splice(0));
  }

  type(bytes: Iterable<number>): number {
    let taken = 0;
    for (const byte of bytes) {
      if (!this.isOn(RXEN, RXDIS) || this.receive.length >= FIFO_BYTES) break;
      this.receive.push(byte);
      taken++;
    }
    return taken;
  }

  get unread(): number {
    return this.receive.length;
  }

  /** Of BDIV and BRGR. */
  get divisor(): readonly [number, number] {
    return [this.settings.get(BDIV) ?? 0, this.settings.get(BRGR) ?? 0];
  }

  private isOn(enable: number, disable: number): boolean {
    return ((this.settings.get(CONTROL) ?? 0) & (enable | disable)) === enable;
  }

  read(offset: number): number {
    switch (offset) {
      case FIFO: return this.receive.shift() ?? 0;
      case INTERRUPT_MASK: return this.mask;
      case CHANNEL_STATUS: {
        const status = (this.receive.length === 0 ? RX_EMPTY : 0) | (this.receive.length >= FIFO_BYTES ? RX_FULL : 0)
          | (this.transmit.length === 0 ? TX_EMPTY : 0) | (this.transmit.length >= FIFO_BYTES ? TX_FULL : 0);
        // A byte leaves for each look: so that a driver which waits for room gets it, and sees it being full.
        const byte = this.stalled ? undefined : this.transmit.shift();
        if (byte !== undefined) this.sent.push(byte);
        return status;
      }
      default: {
        const value = this.settings.get(offset);
        if (value === undefined) throw new MachineError("MACHINE_BUS", `the UART has nothing to read at offset ${hex(offset)}`);
        return value;
      }
    }
  }

  write(offset: number, value: number): void {
    if (offset === FIFO) {
      if (this.transmit.length >= FIFO_BYTES) {
        throw new MachineError("MACHINE_BUS", "byte written to a full transmit FIFO: look at Channel_sts.TFUL first");
      }
      if (this.isOn(TXEN, TXDIS)) this.transmit.push(value & 0xff);
    } else if (offset === INTERRUPT_ENABLE) {
      this.mask |= value & INTERRUPTS;
    } else if (offset === INTERRUPT_DISABLE) {
      this.mask &= ~value;
    } else if (this.settings.has(offset)) {
      this.settings.set(offset, value);
    } else {
      throw new MachineError("MACHINE_BUS", `the UART has no writable register at offset ${hex(offset)}`);
    }
  }
}
