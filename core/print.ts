// Text on the hypervisor's own UART, whichever kind it is: for before the frames start, and for a panic. It waits for the UART.

import { bound } from "../build/generated/cpu";
import { uartPut } from "./devices/uart";

const TEXT_MAX: u32 = 160;

/** Plain text. */
export function printText(text: string): void {
  for (let i: u32 = 0; i < <u32>text.length; i++) {
    bound(i, TEXT_MAX);
    uartPut(<u32>text.charCodeAt(i));
  }
}

/** The same of bytes up to a 0, TEXT_MAX at most. Gives back how many. */
export function printBytes(text: usize): u32 {
  let i: u32 = 0;
  for (; i < TEXT_MAX && load<u8>(text + i) != 0; i++) {
    bound(i, TEXT_MAX);
    uartPut(load<u8>(text + i));
  }
  return i;
}

/** "…0x", and the number in 16 hexadecimal digits. */
export function printValue(text: string, value: u64): void {
  printText(text);
  for (let i: u32 = 0; i < 16; i++) {
    bound(i, 16);
    const digit = <u32>(value >> ((15 - i) << 2)) & 15;
    uartPut(digit < 10 ? 48 + digit : 87 + digit);
  }
}
