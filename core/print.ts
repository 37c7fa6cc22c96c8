// Text on the hypervisor's own UART, whichever kind it is: for before the frames start, and for a panic. It waits for the UART.

import { uartCanSend, uartSend } from "../build/generated/isa";
import { bound } from "../build/generated/cpu";

/** Polls before a byte of text is sent all the same: a byte at 9600 baud, a poll (a device access) taking 100 ns at least. */
const PATIENCE: u32 = 10_000;
const TEXT_MAX: i32 = 160;

export function printByte(uart: u64, byte: u32): void {
  for (let i: u32 = 0; i < PATIENCE; i++) {
    bound(i, PATIENCE);
    if (uartCanSend(uart)) break;
  }
  uartSend(uart, byte);
}

/** Plain text. */
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

/** "…0x", and the number in 16 hexadecimal digits. */
export function printValue(uart: u64, text: string, value: u64): void {
  printText(uart, text);
  for (let i: u32 = 0; i < 16; i++) {
    bound(i, 16);
    const digit = <u32>(value >> ((15 - i) << 2)) & 15;
    printByte(uart, digit < 10 ? 48 + digit : 87 + digit);
  }
}
