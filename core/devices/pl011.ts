// Arm PL011 (DDI 0183). Divisor: UARTIBRD << 6 | UARTFBRD.

import { mmioWrite32 } from "../../build/generated/isa";
import { Uart } from "./uart";

export const UARTDR: u32 = 0x000;
export const UARTFR: u32 = 0x018;
const UARTIBRD: u32 = 0x024;
const UARTFBRD: u32 = 0x028;
const UARTLCR_H: u32 = 0x02c;
const UARTCR: u32 = 0x030;
const UARTIMSC: u32 = 0x038;
export const FR_RXFE: u32 = 1 << 4;
export const FR_TXFF: u32 = 1 << 5;
export const FR_TXFE: u32 = 1 << 7;
/** WLEN, 8 bits; FEN. */
const LCR_8N1_FIFO: u32 = 0x70;
/** RXE, TXE, UARTEN. */
const CR_ON: u32 = 0x301;

export function openPl011(uart: Uart, divisor: u32): void {
  const at = uart.at;
  uart.data = at + UARTDR;
  uart.status = at + UARTFR;
  uart.takes = FR_TXFF;
  uart.has = FR_RXFE;
  uart.inverted = FR_TXFF | FR_RXFE;
  mmioWrite32(at + UARTIMSC, 0);
  if (divisor == 0) return;
  mmioWrite32(at + UARTCR, 0);
  mmioWrite32(at + UARTIBRD, divisor >> 6);
  mmioWrite32(at + UARTFBRD, divisor & 63);
  mmioWrite32(at + UARTLCR_H, LCR_8N1_FIFO); // the divisor is taken with it (3.3.6)
  mmioWrite32(at + UARTCR, CR_ON);
}
