// The hypervisor's own UART: an Arm PL011 (DDI 0183), polled by the housekeeper. Its interrupts stay masked.

import { mmioRead32, mmioWrite32 } from "../../build/generated/isa";

export const UARTDR: u32 = 0x000;
export const UARTFR: u32 = 0x018;
const UARTIMSC: u32 = 0x038;
export const FR_RXFE: u32 = 1 << 4;
export const FR_TXFF: u32 = 1 << 5;
export const FR_TXFE: u32 = 1 << 7;
const DR_DATA: u32 = 0xff;

/** Polled from now on: its line may be a partition's. */
export function quietUart(uart: u64): void { mmioWrite32(uart + UARTIMSC, 0); }

@inline export function uartCanSend(uart: u64): bool { return (mmioRead32(uart + UARTFR) & FR_TXFF) == 0; }
@inline export function uartSend(uart: u64, byte: u32): void { mmioWrite32(uart + UARTDR, byte); }
@inline export function uartHasReceived(uart: u64): bool { return (mmioRead32(uart + UARTFR) & FR_RXFE) == 0; }
@inline export function uartReceive(uart: u64): u32 { return mmioRead32(uart + UARTDR) & DR_DATA; }
