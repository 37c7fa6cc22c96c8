// Ed25519 (RFC 8032 §5.1.7): whether a signature is that of a key, a step at a time: 16 rounds of SHA-512, or one operation on
// integers of 256 bits. All of it is public, so nothing hides how long it takes.
//
// The equation is the one without the cofactor, R = [S]B - [k]A with k reduced modulo L, and R is compared as its bytes: so there
// is one answer, whoever checks, and it is OpenSSL's. What is odd about a signature or a key:
//
//   S is L or more; R is not canonical             refused, as by OpenSSL
//   the key's y is p or more, or its x is "-0"     refused; OpenSSL takes y modulo p, and 0 for x
//   the key is of small order: anybody can sign    refused; OpenSSL takes it
//   R is of small order; key or R has a part of small order   as OpenSSL: good if the equation holds

import { bound } from "../../build/generated/cpu";
import { add, copyWords, FIELD_BYTES, isBelow, isEqual, multiply, reduce, shiftIn, subtract } from "./field25519";
import { blockBytes, digest, fillBlock, shaBlocks, shaRounds, shaStart } from "./sha2";

export const CHECKING: u32 = 0;
export const GOOD: u32 = 1;
export const BAD: u32 = 2;

const COORDINATES: u32 = 4;
const POINT_BYTES: u32 = COORDINATES * FIELD_BYTES;
/** B, as x, y, 1, xy. */
const base: usize = memory.data<u64>([
  0xc9562d608f25d51a, 0x692cc7609525a7b2, 0xc0a4e231fdd6dc5c, 0x216936d3cd6e53fe,
  0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666,
  1, 0, 0, 0,
  0x6dde8ab3a5b7dda3, 0x20f09f80775152f5, 0x66ea4e8e64abe37d, 0x67875f0fd78b7665,
]);
const neutral: usize = memory.data<u64>([0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
const curveD: usize = memory.data<u64>([0x75eb4dca135978a3, 0x00700a4d4141d8ab, 0x8cc740797779e898, 0x52036cee2b6ffe73]);
const rootOfMinus1: usize = memory.data<u64>([
  0xc4ee1b274a0ea0b0, 0x2f431806ad2fe478, 0x2b4d00993dfbd7a7, 0x2b8324804fc1df0b,
]);
const prime: usize = memory.data<u64>([0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff]);
const order: usize = memory.data<u64>([0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000]);
const ORDER_BITS: u32 = 253;

// Registers: 0…3 the point P as X, Y, Z, T (x = X/Z, y = Y/Z, xy = T/Z); 4…7 the point Q; 8…c others; d the curve's d; e, f a
// power and its base. An operation is four digits: what, where to, of what and what.
const MULTIPLY: u32 = 1;
const ADD: u32 = 2;
const registers: usize = memory.data(16 * FIELD_BYTES, 8);
const X: usize = registers, Y: usize = registers + FIELD_BYTES, Z: usize = registers + 2 * FIELD_BYTES;
const Q: usize = registers + POINT_BYTES;
/** P = P + Q, whichever points they are (Hisil, Wong, Carter, Dawson 2008, §3.1; RFC 8032 §5.1.4). */
const addition: usize = memory.data<u16>([
  0x3810, 0x3954, 0x1889, 0x2910, 0x2a54, 0x199a, 0x1a37, 0x1aad, 0x2aaa, 0x1b26, 0x2bbb, 0x3c98, 0x2998, 0x38ba, 0x2bba,
  0x10c8, 0x11b9, 0x13c9, 0x128b, 0,
]);
/** Of Y, with 1 in Z (§5.1.3): u = y^2 - 1 in 8, v = dy^2 + 1 in 9, uv^3 in b, uv^7 in f. */
const ratio: usize = memory.data<u16>([0x1811, 0x198d, 0x3882, 0x2992, 0x1a99, 0x1aa9, 0x1ba8, 0x1faa, 0x1ff9, 0x1ff8, 0]);
/** One more of the exponent's ones; f^(2^250 - 1) after all of them. */
const power: usize = memory.data<u16>([0x1eee, 0x1eef, 0]);
const POWERS: u32 = 249;
/** e = f^((p - 5) / 8); X = uv^3 e; c = vx^2 - u, a = vx^2 + u; T = X sqrt(-1), which is in 4. */
const squareRoot: usize = memory.data<u16>([0x1eee, 0x1eee, 0x1eef, 0x10be, 0x1a00, 0x1aa9, 0x3ca8, 0x2aa8, 0x1304, 0]);
const lastCoordinate: usize = memory.data<u16>([0x1301, 0]);
/** The same power, and from it e = f^(p - 2) = 1/Z; X = x, Y = y. */
const affine: usize = memory.data<u16>([
  0x1eee, 0x1eee, 0x1eef, 0x1eee, 0x1eee, 0x1eee, 0x1eef, 0x1eef, 0x1eef, 0x100e, 0x111e, 0,
]);

/** What each step is a part of. */
const HASH: u32 = 0;
const REDUCE: u32 = 1;
const DECODE: u32 = 2;
const POWER: u32 = 3;
const ROOT: u32 = 4;
const COORDINATE: u32 = 5;
const TIMES_8: u32 = 6;
const SUM: u32 = 7;
const DOUBLE: u32 = 8;
const ADDED: u32 = 9;
const ENCODE: u32 = 10;
let phase: u32 = 0;
/** How many are left of what is repeated. */
let left: u32 = 0;
let operation: usize = 0;
let afterPower: usize = 0;

/** R, the key A, and the message, one behind the other. */
let text: usize = 0;
let textBytes: u32 = 0;
let textAt: u32 = 0;
const S: usize = memory.data(FIELD_BYTES, 8);
const k: usize = memory.data(FIELD_BYTES, 8);
/** B, -A, B - A: the n-th for n = 1 if S has the bit, and 2 if k has. */
const table: usize = memory.data(3 * POINT_BYTES, 8);
const hashed: usize = memory.data(2 * FIELD_BYTES, 8);

@inline function copyPoint(to: usize, from: usize): void { copyWords(to, from, POINT_BYTES); }
@inline function copyField(to: usize, from: usize): void { copyWords(to, from, FIELD_BYTES); }
@inline function register(n: u32): usize { return registers + n * FIELD_BYTES; }
@inline function signOf(encoded: usize): u32 { return load<u8>(encoded + FIELD_BYTES - 1) >> 7; }
@inline function bitOf(at: usize, n: u32): u32 { return (load<u32>(at + ((n >> 5) << 2)) >> (n & 31)) & 1; }

/** `signed`: R, the key and the message, `bytes` in all; `s`: the signature's second half. The former stays where it is until
 *  there is an answer. */
export function startVerifying(signed: usize, bytes: u32, s: usize): void {
  text = signed;
  textBytes = bytes;
  textAt = 0;
  copyField(S, s);
  shaStart<u64>();
  fillBlock<u64>(text, 0, textBytes);
  phase = HASH;
}

/** The next step: CHECKING, or the answer, and then there is none. */
export function verifyStep(): u32 {
  if (phase == HASH) return hashStep();
  if (phase == REDUCE) return reduceStep();
  const what: u32 = load<u16>(operation);
  if (what == 0) return nextPhase();
  operation += 2;
  const to = register((what >> 8) & 15);
  const a = register((what >> 4) & 15);
  const b = register(what & 15);
  if (what >> 12 == MULTIPLY) multiply(to, a, b);
  else if (what >> 12 == ADD) add(to, a, b);
  else subtract(to, a, b);
  return CHECKING;
}

function hashStep(): u32 {
  if (shaRounds<u64>()) return CHECKING;
  textAt += blockBytes<u64>();
  if (textAt / blockBytes<u64>() < <u32>shaBlocks<u64>(textBytes)) {
    fillBlock<u64>(text + textAt, textAt, textBytes);
    return CHECKING;
  }
  copyWords(hashed, digest<u64>(), 2 * FIELD_BYTES);
  copyField(k, neutral);
  left = 16 * FIELD_BYTES;
  phase = REDUCE;
  return isBelow(S, order) ? CHECKING : BAD;
}

/** The hash, as an integer, modulo L: two bits of it, from the highest on. */
function reduceStep(): u32 {
  for (let n: u32 = 0; n < 2; n++) {
    bound(n, 2);
    left--;
    shiftIn(k, bitOf(hashed, left));
    reduce(k, order);
  }
  if (left != 0) return CHECKING;
  copyPoint(registers, neutral);
  copyField(Y, text + FIELD_BYTES);
  store<u8>(Y + FIELD_BYTES - 1, load<u8>(Y + FIELD_BYTES - 1) & 0x7f);
  copyField(register(13), curveD);
  copyField(Q, rootOfMinus1);
  begin(DECODE, ratio);
  return isBelow(Y, prime) ? CHECKING : BAD;
}

@inline function begin(next: u32, first: usize): void {
  phase = next;
  operation = first;
}

/** The power of f that roots and inverses need; then what comes after it. */
function beginPower(factor: usize, after: usize): void {
  copyField(register(15), factor);
  copyField(register(14), factor);
  left = POWERS;
  afterPower = after;
  begin(POWER, power);
}

function beginAddition(next: u32, q: usize): void {
  copyPoint(Q, q);
  begin(next, addition);
}

/** Below p, from what is below 2^256. */
function settled(at: usize): usize {
  reduce(at, prime);
  reduce(at, prime);
  return at;
}

@inline function isZero(at: usize): bool { return isEqual(settled(at), neutral); }

function nextPhase(): u32 {
  if (phase == DECODE) {
    beginPower(register(15), squareRoot);
  } else if (phase == POWER) {
    if (--left != 0) operation = power;
    else begin(afterPower == squareRoot ? ROOT : ENCODE, afterPower);
  } else if (phase == ROOT) {
    return chooseRoot();
  } else if (phase == COORDINATE) {
    copyPoint(table, base);
    copyPoint(table + POINT_BYTES, registers);
    left = 3;
    beginAddition(TIMES_8, registers);
  } else if (phase == TIMES_8) {
    if (--left != 0) {
      beginAddition(TIMES_8, registers);
    } else {
      if (isZero(X)) return BAD; // [8]A is neutral: A is of small order
      copyPoint(registers, base);
      beginAddition(SUM, table + POINT_BYTES);
    }
  } else if (phase == SUM) {
    copyPoint(table + 2 * POINT_BYTES, registers);
    copyPoint(registers, neutral);
    left = ORDER_BITS;
    beginAddition(DOUBLE, registers);
  } else if (phase == ENCODE) {
    settled(X);
    settled(Y);
    store<u8>(Y + FIELD_BYTES - 1, load<u8>(Y + FIELD_BYTES - 1) | <u8>((load<u32>(X) & 1) << 7));
    return isEqual(Y, text) ? GOOD : BAD;
  } else {
    ladder();
  }
  return CHECKING;
}

/** vx^2 is u, or -u: then x times sqrt(-1) is the root; or there is none. The one of the other sign is -A's. */
function chooseRoot(): u32 {
  if (!isZero(register(12))) {
    if (!isZero(register(10))) return BAD;
    copyField(X, register(3));
  }
  settled(X);
  if ((load<u32>(X) & 1) == signOf(text + FIELD_BYTES)) subtract(X, prime, X);
  begin(COORDINATE, lastCoordinate);
  return CHECKING;
}

/** [S]B - [k]A, from the highest bit on: doubled, then what the bit adds. */
function ladder(): void {
  if (phase == DOUBLE) {
    left--;
    const which = bitOf(S, left) | bitOf(k, left) << 1;
    if (which != 0) {
      beginAddition(ADDED, table + (which - 1) * POINT_BYTES);
      return;
    }
  }
  if (left != 0) beginAddition(DOUBLE, registers);
  else beginPower(Z, affine);
}
