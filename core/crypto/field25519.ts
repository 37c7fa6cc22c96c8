// Integers of 256 bits, in eight words from the lowest on, and modulo p = 2^255 - 19 (RFC 8032 §5.1): 2^256 is 38 there. What
// these operations give is below 2^256; `reduce`, twice, makes it the one below p.

import { bound } from "../../build/generated/cpu";

export const FIELD_BYTES: u32 = 32;
const WORDS: u32 = FIELD_BYTES / 4;
const OVER: u32 = 38; // 2^256
/** Of a product the words as they are, all 16. */
const product: usize = memory.data(2 * FIELD_BYTES, 8);

@inline function word(at: usize, n: u32): u64 { return load<u32>(at + (n << 2)); }
@inline function setWord(at: usize, n: u32, value: u64): void { store<u32>(at + (n << 2), <u32>value); }

/** Adds over × 2^256: what is over then is less, and after that nothing. */
function settle(to: usize, over: i64): void {
  for (let turn: u32 = 0; turn < 2; turn++) {
    bound(turn, 2);
    over *= OVER;
    for (let n: u32 = 0; n < WORDS; n++) {
      bound(n, WORDS);
      over += word(to, n);
      setWord(to, n, over);
      over >>= 32;
    }
  }
}

/** a + b, or with sign -1 a - b; what is over. */
function combine(to: usize, a: usize, b: usize, sign: i64): i64 {
  let over: i64 = 0;
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    over += word(a, n) + sign * word(b, n);
    setWord(to, n, over);
    over >>= 32;
  }
  return over;
}

@inline export function add(to: usize, a: usize, b: usize): void { settle(to, combine(to, a, b, 1)); }
@inline export function subtract(to: usize, a: usize, b: usize): void { settle(to, combine(to, a, b, -1)); }

export function multiply(to: usize, a: usize, b: usize): void {
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    setWord(product, n, 0);
  }
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    const factor = word(a, n);
    const row = product + (n << 2);
    let over: u64 = 0;
    for (let m: u32 = 0; m < WORDS; m++) {
      bound(m, WORDS);
      over += factor * word(b, m) + word(row, m);
      setWord(row, m, over);
      over >>= 32;
    }
    setWord(row, WORDS, over);
  }
  let over: u64 = 0;
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    over += word(product, n) + OVER * word(product, n + WORDS);
    setWord(to, n, over);
    over >>= 32;
  }
  settle(to, over);
}

/** At most four of them. */
export function copyWords(to: usize, from: usize, bytes: u32): void {
  for (let n: u32 = 0; n < bytes; n += 8) {
    bound(n >> 3, 4 * FIELD_BYTES / 8);
    store<u64>(to + n, load<u64>(from + n));
  }
}

/** As integers: a is below b. */
export function isBelow(a: usize, b: usize): bool { return combine(product, a, b, -1) < 0; }

/** As integers: takes the modulus away once, if it is in there. */
export function reduce(at: usize, modulus: usize): void { if (!isBelow(at, modulus)) combine(at, at, modulus, -1); }

/** 2a + bit, below 2^256. */
export function shiftIn(at: usize, bit: u32): void {
  combine(at, at, at, 1);
  store<u32>(at, load<u32>(at) | bit);
}

export function isEqual(a: usize, b: usize): bool {
  let differ: u64 = 0;
  for (let n: u32 = 0; n < FIELD_BYTES; n += 8) {
    bound(n >> 3, FIELD_BYTES / 8);
    differ |= load<u64>(a + n) ^ load<u64>(b + n);
  }
  return differ == 0;
}
