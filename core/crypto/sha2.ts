// SHA-256 and SHA-512 (FIPS 180-4), 16 rounds at a time: `T` is a word, u32 or u64. One message at a time.
//
//   fillBlock(the message's bytes) ─ shaRounds … until false ─ fillBlock … shaBlocks() of them ─ digest
//
// Where the CPU has instructions for SHA-256, sha256Block takes the place of all its shaRounds, in a fifth of the time.

import { sha256Rounds } from "../../build/generated/isa";
import { bound } from "../../build/generated/cpu";

/** Of cube roots of the first 80 primes (§4.2.3): SHA-256's are the upper halves of the first 64 (§4.2.2). */
const constants: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
  0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
  0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
  0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
  0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
  0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
  0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);
/** Of square roots of the first 8 (§5.3.5): likewise (§5.3.3). */
const initial: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

const ROUNDS: u32 = 16;
const WORDS: u32 = 8;
const BLOCK_MAX: u32 = 128;
/** H; a…h, and behind them (sha256Rounds) W, the next 16 words of the message schedule: at first the block. */
const hash: usize = memory.data(WORDS * 8, 8);
const working: usize = memory.data(WORDS * 8 + BLOCK_MAX, 8);
const schedule: usize = working + WORDS * 8;
let round: u32 = 0;

@inline function word<T>(list: usize, n: u32): T { return load<T>(list + n * sizeof<T>()); }
@inline function setWord<T>(list: usize, n: u32, value: T): void { store<T>(list + n * sizeof<T>(), value); }
@inline function constant<T>(list: usize, n: u32): T { return <T>(load<u64>(list + (n << 3)) >> (64 - 8 * sizeof<T>())); }
/** Eight of the message's bytes, as one or two words (§3.1). */
@inline function messageWords<T>(bytes: u64): u64 { return rotl<u64>(bswap<u64>(bytes), sizeof<T>() == 8 ? 0 : 32); }
@inline export function blockBytes<T>(): u32 { return 16 * sizeof<T>(); }

/** Blocks of a message with its padding: 0x80, and its length in two words. */
@inline export function shaBlocks<T>(length: u64): u64 { return (length + 2 * sizeof<T>()) / blockBytes<T>() + 1; }

/** A message begins. */
export function shaStart<T>(): void {
  round = 0;
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    setWord<T>(hash, n, constant<T>(initial, n));
  }
}

/** The block that begins at `offset` of a message of `length` bytes; what of it is the message's stands at `from`, in
 *  whole words of 8 bytes. */
export function fillBlock<T>(from: usize, offset: u64, length: u64): void {
  for (let n: u32 = 0; n < blockBytes<T>(); n += 8) {
    bound(n >> 3, BLOCK_MAX / 8);
    const left = <i64>(length - offset - n);
    const end = left << 3; // in bits, where a message ends in these eight bytes
    store<u64>(schedule + n, messageWords<T>(left >= 8 ? load<u64>(from + n) : left < 0 ? 0 :
      load<u64>(from + n) & ((<u64>1 << end) - 1) | <u64>0x80 << end));
  }
  if (<i64>(length - offset) < <i64>(blockBytes<T>() - 2 * sizeof<T>())) { // the last one: the length fits in
    store<u64>(schedule + blockBytes<T>() - 8, messageWords<T>(bswap<u64>(length << 3)));
  }
}

/** The next 16 rounds of the block (§6.2.2, §6.4.2). False: they were its last. */
export function shaRounds<T>(): bool {
  const wide = sizeof<T>() == 8;
  const from = round == 0 ? hash : working;
  let a = word<T>(from, 0), b = word<T>(from, 1), c = word<T>(from, 2), d = word<T>(from, 3);
  let e = word<T>(from, 4), f = word<T>(from, 5), g = word<T>(from, 6), h = word<T>(from, 7);
  for (let n: u32 = 0; n < ROUNDS; n++) {
    bound(n, ROUNDS);
    let w = word<T>(schedule, n);
    if (round != 0) {
      const w1 = word<T>(schedule, (n + 1) & 15), w14 = word<T>(schedule, (n + 14) & 15);
      w += rotr<T>(w1, wide ? 1 : 7) ^ rotr<T>(w1, wide ? 8 : 18) ^ (w1 >> (wide ? 7 : 3));
      w += rotr<T>(w14, wide ? 19 : 17) ^ rotr<T>(w14, wide ? 61 : 19) ^ (w14 >> (wide ? 6 : 10));
      w += word<T>(schedule, (n + 9) & 15);
    }
    setWord<T>(schedule, n, w);
    w += h + constant<T>(constants, round + n) + (g ^ (e & (f ^ g)));
    w += rotr<T>(e, wide ? 14 : 6) ^ rotr<T>(e, wide ? 18 : 11) ^ rotr<T>(e, wide ? 41 : 25);
    h = g;
    g = f;
    f = e;
    e = d + w;
    w += ((a & b) | (c & (a | b))) + (rotr<T>(a, wide ? 28 : 2) ^ rotr<T>(a, wide ? 34 : 13) ^ rotr<T>(a, wide ? 39 : 22));
    d = c;
    c = b;
    b = a;
    a = w;
  }
  setWord<T>(working, 0, a);
  setWord<T>(working, 1, b);
  setWord<T>(working, 2, c);
  setWord<T>(working, 3, d);
  setWord<T>(working, 4, e);
  setWord<T>(working, 5, f);
  setWord<T>(working, 6, g);
  setWord<T>(working, 7, h);
  round += ROUNDS;
  if (round != (wide ? 80 : 64)) return true;
  round = 0;
  addWorking<T>();
  return false;
}

function addWorking<T>(): void {
  for (let n: u32 = 0; n < WORDS; n++) {
    bound(n, WORDS);
    setWord<T>(hash, n, word<T>(hash, n) + word<T>(working, n));
  }
}

/** All rounds of the block, by the CPU's instructions: only where hasSha256() says that there are some. */
export function sha256Block(): void {
  for (let n: u32 = 0; n < 64; n += 4) {
    bound(n >> 2, 16);
    sha256Rounds(<u32>(n == 0 ? hash : working), <u32>working, <u32>constants + (n << 3));
  }
  addWorking<u32>();
}

/** The hash's bytes, once all blocks are done; the next message may then begin. */
export function digest<T>(): usize {
  for (let n: u32 = 0; n < WORDS * sizeof<T>(); n += 8) {
    bound(n >> 3, WORDS);
    store<u64>(working + n, messageWords<T>(load<u64>(hash + n)));
  }
  return working;
}
