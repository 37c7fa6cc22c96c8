// The i.MX UART (i.MX 8M Plus Reference Manual). Divisor: of its clock, which makes the baud rate itself: UBIR is 15.

import { mmioWrite32 } from "../../build/generated/isa";
import { Uart } from "./uart";

/** Sends; URXD, by which bytes come, is at 0. */
const UTXD: u32 = 0x40;
const UCR1: u32 = 0x80;
const UCR2: u32 = 0x84;
const UCR3: u32 = 0x88;
const UCR4: u32 = 0x8c;
const UFCR: u32 = 0x90;
const UBIR: u32 = 0xa4;
const UBMR: u32 = 0xa8;
const UTS: u32 = 0xb4;
/** UARTEN, and no interrupt. */
const UCR1_ON: u32 = 1;
/** IRTS, WS (8 bits), TXEN, RXEN; SRST, which is a reset when 0. */
const UCR2_8N1: u32 = 0x4027;
/** RXDMUXSEL, which has to be 1; no interrupt. CTSTL as after a reset; no interrupt. */
const UCR3_QUIET: u32 = 0x4;
const UCR4_QUIET: u32 = 0x8000;
/** Its thresholds as after a reset; RFDIV: the clock as it is. */
const UFCR_UNDIVIDED: u32 = 0xa81;
const SIXTEENTHS: u32 = 15;
const UTS_TXFULL: u32 = 1 << 4;
const UTS_RXEMPTY: u32 = 1 << 5;

export function openImx(uart: Uart, divisor: u32): void {
  const at = uart.at;
  uart.data = at + UTXD;
  uart.sendsBehind = UTXD;
  uart.status = at + UTS;
  uart.takes = UTS_TXFULL;
  uart.has = UTS_RXEMPTY;
  uart.inverted = UTS_TXFULL | UTS_RXEMPTY;
  mmioWrite32(at + UCR1, UCR1_ON);
  mmioWrite32(at + UCR2, UCR2_8N1);
  mmioWrite32(at + UCR3, UCR3_QUIET);
  mmioWrite32(at + UCR4, UCR4_QUIET);
  if (divisor == 0) return;
  mmioWrite32(at + UFCR, UFCR_UNDIVIDED);
  mmioWrite32(at + UBIR, SIXTEENTHS);
  mmioWrite32(at + UBMR, divisor - 1); // taken with it
}
