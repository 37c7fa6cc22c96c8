// Cadence's UART as the Zynq UltraScale+ has it (UG1087, UART module). Divisor: BDIV << 16 | BRGR.

import { mmioWrite32 } from "../../build/generated/isa";
import { Uart } from "./uart";

const CONTROL: u32 = 0x00;
const MODE: u32 = 0x04;
const INTERRUPT_DISABLE: u32 = 0x0c;
const BRGR: u32 = 0x18;
const CHANNEL_STATUS: u32 = 0x2c;
const FIFO: u32 = 0x30;
const BDIV: u32 = 0x34;
/** RXEN, TXEN; RXDIS, TXDIS, which are stronger. */
const CONTROL_ON: u32 = 0x14;
const CONTROL_OFF: u32 = 0x28;
/** No parity. */
const MODE_8N1: u32 = 0x20;
const STATUS_RX_EMPTY: u32 = 1 << 1;
const STATUS_TX_FULL: u32 = 1 << 4;

export function openCadence(uart: Uart, divisor: u32): void {
  const at = uart.at;
  uart.data = at + FIFO;
  uart.status = at + CHANNEL_STATUS;
  uart.takes = STATUS_TX_FULL;
  uart.has = STATUS_RX_EMPTY;
  uart.inverted = STATUS_TX_FULL | STATUS_RX_EMPTY;
  mmioWrite32(at + INTERRUPT_DISABLE, 0xffffffff);
  if (divisor != 0) {
    mmioWrite32(at + CONTROL, CONTROL_OFF);
    mmioWrite32(at + BRGR, divisor & 0xffff);
    mmioWrite32(at + BDIV, divisor >> 16);
    mmioWrite32(at + MODE, MODE_8N1);
  }
  mmioWrite32(at + CONTROL, CONTROL_ON); // without firmware, it is off
}
