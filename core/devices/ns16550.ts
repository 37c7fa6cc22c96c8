// The hypervisor's own UART: a 16550 (National Semiconductor's data sheet, PC16550D), polled by the housekeeper. Its registers
// are bytes, one behind the other; its interrupts stay off.

import { mmioRead8, mmioWrite8 } from "../../build/generated/isa";

/** Receiver buffer, when read, and transmitter holding register, when written. */
const DATA: u32 = 0;
const INTERRUPT_ENABLE: u32 = 1;
const LINE_CONTROL: u32 = 3;
const LINE_STATUS: u32 = 5;
/** Divisor latch access: while it is set, the first two registers are other ones. */
const LCR_DLAB: u32 = 1 << 7;
const LSR_DATA_READY: u32 = 1 << 0;
const LSR_THRE: u32 = 1 << 5;

/** Polled from now on: its line may be a partition's. */
export function quietUart(uart: u64): void {
  mmioWrite8(uart + LINE_CONTROL, mmioRead8(uart + LINE_CONTROL) & ~LCR_DLAB);
  mmioWrite8(uart + INTERRUPT_ENABLE, 0);
}

@inline export function uartCanSend(uart: u64): bool { return (mmioRead8(uart + LINE_STATUS) & LSR_THRE) != 0; }
@inline export function uartSend(uart: u64, byte: u32): void { mmioWrite8(uart + DATA, byte); }
@inline export function uartHasReceived(uart: u64): bool { return (mmioRead8(uart + LINE_STATUS) & LSR_DATA_READY) != 0; }
@inline export function uartReceive(uart: u64): u32 { return mmioRead8(uart + DATA); }
