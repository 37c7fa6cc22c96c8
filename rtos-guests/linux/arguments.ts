// The program's command line, which stands outside linear memory as the kernel left it.
import { bound } from "../../build/generated/cpu";
import { byteAt, wordAt } from "../../build/generated/linux";

const POINTER_BYTES: u64 = 8;
const PREFIX: u64 = 2; // "0x"
const HEX_DIGITS_MAX: u64 = 16; // of a u64

const ZERO: u32 = 0x30;
const NINE: u32 = 0x39;
const LETTER_A: u32 = 0x61;
const LETTER_F: u32 = 0x66;
const LETTER_X: u32 = 0x78;
const TO_LOWER: u32 = 0x20;

/** Address of argument `index`, 0 being the program's name. */
export function argument(argv: u64, index: u64): u64 {
  return wordAt(argv + index * POINTER_BYTES);
}

/** What parseAddress gives back for text that is not an address; none is that large. */
export const NO_ADDRESS: u64 = u64.MAX_VALUE;

/** The value of "0x…" at `text`, or NO_ADDRESS. */
export function parseAddress(text: u64): u64 {
  if (byteAt(text) != ZERO || (byteAt(text + 1) | TO_LOWER) != LETTER_X) return NO_ADDRESS;
  let value: u64 = 0;
  for (let i: u64 = 0; i <= HEX_DIGITS_MAX; i++) {
    bound(<u32>i, <u32>HEX_DIGITS_MAX + 1);
    const code = byteAt(text + PREFIX + i);
    if (code == 0) return i == 0 ? NO_ADDRESS : value;
    const lower = code | TO_LOWER;
    if (code >= ZERO && code <= NINE) value = (value << 4) | (code - ZERO);
    else if (lower >= LETTER_A && lower <= LETTER_F) value = (value << 4) | (lower - LETTER_A + 10);
    else return NO_ADDRESS;
  }
  return NO_ADDRESS;
}
