// The hypervisor's own UART: an Arm PL011 (DDI 0183), polled by the housekeeper. Its interrupts stay masked.

import { mmioRead32, mmioWrite32 } from "../../build/generated/isa";
import { bound } from "../../build/generated/cpu";

export const UARTDR: u32 = 0x000;
export const UARTFR: u32 = 0x018;
const UARTIMSC: u32 = 0x038;
export const FR_RXFE: u32 = 1 << 4;
export const FR_TXFF: u32 = 1 << 5;
export const FR_TXFE: u32 = 1 << 7;
const DR_DATA: u32 = 0xff;
/** Polls before a byte of text is sent all the same: a byte at 9600 baud, a poll (a device access) taking 100 ns at least. */
const PATIENCE: u32 = 10_000;
const TEXT_MAX: i32 = 160;

/** Polled from now on: its line may be a partition's. */
export function quietUart(uart: u64): void { mmioWrite32(uart + UARTIMSC, 0); }

@inline export function uartCanSend(uart: u64): bool { return (mmioRead32(uart + UARTFR) & FR_TXFF) == 0; }
@inline export function uartSend(uart: u64, byte: u32): void { mmioWrite32(uart + UARTDR, byte); }
@inline export function uartHasReceived(uart: u64): bool { return (mmioRead32(uart + UARTFR) & FR_RXFE) == 0; }
@inline export function uartReceive(uart: u64): u32 { return mmioRead32(uart + UARTDR) & DR_DATA; }

export function printByte(uart: u64, byte: u32): void {
  for (let i: u32 = 0; i < PATIENCE; i++) {
    bound(i, PATIENCE);
    if (uartCanSend(uart)) break;
  }
  uartSend(uart, byte);
}

/** Plain text, for before the frames start and for a panic. Waits for the UART. */
export function printText(uart: u64, text: string): void {
  for (let i: i32 = 0; i < text.length; i++) {
    bound(i, TEXT_MAX);
    printByte(uart, <u32>text.charCodeAt(i));
  }
}

/** The same of bytes up to a 0. */
export function printBytes(uart: u64, text: usize): void {
  for (let i: u32 = 0; load<u8>(text + i) != 0; i++) {
    bound(i, TEXT_MAX);
    printByte(uart, load<u8>(text + i));
  }
}

/** 16 hexadecimal digits. */
function printHex(uart: u64, value: u64): void {
  for (let i: u32 = 0; i < 16; i++) {
    bound(i, 16);
    const digit = <u32>(value >> ((15 - i) << 2)) & 15;
    printByte(uart, digit < 10 ? 48 + digit : 87 + digit);
  }
}

/** "…0x", and the number. */
export function printValue(uart: u64, text: string, value: u64): void {
  printText(uart, text);
  printHex(uart, value);
}
