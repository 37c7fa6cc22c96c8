// A line of text in linear memory, built piece by piece: what a guest prints. ASCII only; what does not fit is cut off.
import { bound } from "../../build/generated/cpu";

/** Characters of a line, its newline included. */
export const LINE_MAX: u32 = 240;

/** A console hypercall loads CONSOLE_WRITE_MAX bytes, whatever the line still has. */
const LOAD_SLACK: u32 = 48;
const DECIMAL_DIGITS_MAX: u32 = 20; // 2^64 has 20
const HEX_DIGITS_MAX: u32 = 16;
const MILLI: i32 = 1000;
const MILLI_DIGITS: u32 = 3;

const ZERO: u8 = 0x30;
const LETTER_A: u8 = 0x61;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;

/** The characters follow the fields directly in memory; make one over `memory.data(LINE_BYTES, 8)`. */
@unmanaged
export class Line {
  length: u32;

  /** Offset of the first character in linear memory. */
  get start(): usize {
    return changetype<usize>(this) + offsetof<Line>();
  }

  character(code: u8): void {
    if (this.length >= LINE_MAX) return;
    store<u8>(this.start + this.length, code);
    this.length++;
  }

  text(literal: string): void {
    const length = <u32>literal.length;
    for (let i: u32 = 0; i < LINE_MAX; i++) {
      bound(i, LINE_MAX);
      if (i >= length) return;
      this.character(<u8>load<u16>(changetype<usize>(literal) + (<usize>i << 1)));
    }
  }

  /** In decimal, at least `digits` digits. */
  decimal(value: u64, digits: u32 = 1): void {
    let divisor: u64 = 1;
    let count: u32 = 1;
    for (let i: u32 = 0; i < DECIMAL_DIGITS_MAX; i++) {
      bound(i, DECIMAL_DIGITS_MAX);
      if (count >= digits && value / divisor < 10) break;
      divisor *= 10;
      count++;
    }
    for (let i: u32 = 0; i < DECIMAL_DIGITS_MAX; i++) {
      bound(i, DECIMAL_DIGITS_MAX);
      if (i >= count) return;
      this.character(ZERO + <u8>(value / divisor % 10));
      divisor /= 10;
      if (divisor == 0) return;
    }
  }

  /** In hexadecimal, at least `digits` digits, without a prefix. */
  hex(value: u64, digits: u32 = 1): void {
    for (let i: u32 = 0; i < HEX_DIGITS_MAX; i++) {
      bound(i, HEX_DIGITS_MAX);
      const left = HEX_DIGITS_MAX - 1 - i; // digits to the right of this one
      const rest = value >> (left << 2);
      if (rest == 0 && left >= digits) continue;
      const digit = <u8>(rest & 0xf);
      this.character(digit < 10 ? ZERO + digit : LETTER_A + digit - 10);
    }
  }

  /** A signed number of thousandths, with its decimal point: -1500 is "-1.500". */
  milli(value: i32): void {
    if (value < 0) this.character(MINUS);
    const magnitude: u32 = value < 0 ? 0 - <u32>value : <u32>value;
    this.decimal(magnitude / MILLI);
    this.character(POINT);
    this.decimal(magnitude % MILLI, MILLI_DIGITS);
  }
}

/** Bytes of a Line with its characters, and so much more that 48 bytes may be loaded from any of them. */
export const LINE_BYTES: i32 = offsetof<Line>() + LINE_MAX + LOAD_SLACK;
