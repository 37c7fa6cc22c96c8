// The i.MX UART (i.MX 8M Plus Reference Manual), as far as a polling driver can tell. What is sent is kept for the test to read;
// what the test types waits in the receive FIFO.
import { hex, MachineError } from "./errors.ts";
import type { Uart } from "./uart.ts";

const FIFO_BYTES = 32;

const [URXD, UTXD, UCR1, UCR2, UCR3, UCR4, UFCR, UBIR, UBMR, UTS] = [
  0x00, 0x40, 0x80, 0x84, 0x88, 0x8c, 0x90, 0xa4, 0xa8, 0xb4,
];
const UARTEN = 1 << 0;
const [RXEN, TXEN] = [1 << 1, 1 << 2];
/** Of URXD: a character has been there. */
const CHARRDY = 1 << 15;
const [RX_FULL, TX_FULL, RX_EMPTY, TX_EMPTY] = [1 << 3, 1 << 4, 1 << 5, 1 << 6];
/** After a reset, but for interrupts that firmware has left on. */
const SETTINGS = [[UCR1, 0x200], [UCR2, 0x1], [UCR3, 0x700], [UCR4, 0x8001], [UFCR, 0x801], [UBIR, 0], [UBMR, 0]] as const;

export class Imx implements Uart {
  readonly accessBytes = 4;
  readonly sent: number[] = [];
  stalled = false;
  private readonly transmit: number[] = [];
  private readonly receive: number[] = [];
  readonly settings = new Map<number, number>(SETTINGS);

  drain(): void {
    if (!this.stalled) this.sent.push(...this.transmit.splice(0));
  }

  type(bytes: Iterable<number>): number {
    let taken = 0;
    for (const byte of bytes) {
      if (!this.isOn(RXEN) || this.receive.length >= FIFO_BYTES) break;
      this.receive.push(byte);
      taken++;
    }
    return taken;
  }

  get unread(): number {
    return this.receive.length;
  }

  private isOn(enable: number): boolean {
    return ((this.settings.get(UCR1) ?? 0) & UARTEN) !== 0 && ((this.settings.get(UCR2) ?? 0) & enable) !== 0;
  }

  read(offset: number): number {
    if (offset === URXD) return (this.receive.shift() ?? 0) | CHARRDY;
    if (offset === UTS) {
      const status = (this.receive.length === 0 ? RX_EMPTY : 0) | (this.receive.length >= FIFO_BYTES ? RX_FULL : 0)
        | (this.transmit.length === 0 ? TX_EMPTY : 0) | (this.transmit.length >= FIFO_BYTES ? TX_FULL : 0);
      // A byte leaves for each look: so that a driver which waits for room gets it, and sees it being full.
      const byte = this.stalled ? undefined : this.transmit.shift();
      if (byte !== undefined) this.sent.push(byte);
      return status;
    }
    const value = this.settings.get(offset);
    if (value === undefined) throw new MachineError("MACHINE_BUS", `the UART has nothing to read at offset ${hex(offset)}`);
    return value;
  }

  write(offset: number, value: number): void {
    if (offset === UTXD) {
      if (this.transmit.length >= FIFO_BYTES)
        throw new MachineError("MACHINE_BUS", "byte written to a full transmit FIFO: look at UTS.TXFULL first");
      if (this.isOn(TXEN)) this.transmit.push(value & 0xff);
    } else if (this.settings.has(offset)) {
      this.settings.set(offset, value);
    } else {
      throw new MachineError("MACHINE_BUS", `the UART has no writable register at offset ${hex(offset)}`);
    }
  }
}
