// A 16550 (National Semiconductor's data sheet, PC16550D), Synopsys' DW_apb_uart too: registers of 8 or 32 bits, so many bytes
// apart. Divisor: what its latch gets.

import { bound } from "../../build/generated/cpu";
import { Uart } from "./uart";

/** Receiver buffer, when read, and transmitter holding register, when written; with LCR_DLAB the latch's lower half. */
const DATA: u32 = 0;
/** And the latch's upper half. */
const INTERRUPT_ENABLE: u32 = 1;
/** When written, and interrupt identification, when read, which says whether there are FIFOs. */
const FIFO_CONTROL: u32 = 2;
const LINE_CONTROL: u32 = 3;
const LINE_STATUS: u32 = 5;
const FCR_ENABLE: u32 = 1;
const IIR_FIFO: u32 = 3 << 6;
const FIFO_BYTES: u32 = 16;
const LCR_8N1: u32 = 3;
/** Divisor latch access. */
const LCR_DLAB: u32 = 1 << 7;
const LSR_DATA_READY: u32 = 1 << 0;
const LSR_THRE: u32 = 1 << 5;
const LSR_TEMT: u32 = 1 << 6;
/** Polls within which firmware's last bytes have left: a FIFO's at 9600 baud, a poll taking 100 ns at least. */
const PATIENCE: u32 = 200_000;

export function openNs16550(uart: Uart, divisor: u32): void {
  const shift = <u8>(uart.setup >> 8);
  uart.narrow = (uart.setup >> 16 & 1) == 0 ? 1 : 0;
  uart.data = uart.at + (DATA << shift);
  uart.status = uart.at + (LINE_STATUS << shift);
  uart.takes = LSR_THRE;
  uart.has = LSR_DATA_READY;
  const interrupts = uart.at + (INTERRUPT_ENABLE << shift);
  const fifos = uart.at + (FIFO_CONTROL << shift);
  const line = uart.at + (LINE_CONTROL << shift);
  // A DW_apb_uart takes no LINE_CONTROL while it is busy.
  for (let i: u32 = 0; i < PATIENCE && (uart.read(uart.status) & LSR_TEMT) == 0; i++) bound(i, PATIENCE);
  if (divisor != 0) {
    uart.write(line, LCR_8N1 | LCR_DLAB);
    uart.write(uart.data, divisor & 0xff);
    uart.write(interrupts, divisor >> 8);
    uart.write(line, LCR_8N1);
  } else {
    uart.write(line, uart.read(line) & ~LCR_DLAB);
  }
  uart.write(interrupts, 0);
  uart.write(fifos, FCR_ENABLE);
  // LSR_THRE: it is empty.
  if ((uart.read(fifos) & IIR_FIFO) == IIR_FIFO) uart.burst = FIFO_BYTES;
}
