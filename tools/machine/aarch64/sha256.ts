// SHA256H, SHA256H2, SHA256SU0 and SHA256SU1 as the core uses them: four rounds of SHA-256 (FIPS 180-4 §6.2.2), in its linear
// memory.

const ROUNDS = 4;
const SCHEDULE = 16;
/** Behind `to`. */
const SCHEDULE_AT = 64;
const WORDS = 8;
const WORD_BYTES = 4;
const CONSTANT_BYTES = 8;

const rotated = (value: number, bits: number): number => (value >>> bits) | (value << (32 - bits));
const small = (value: number, [a, b, shift]: readonly [number, number, number]): number =>
  rotated(value, a) ^ rotated(value, b) ^ (value >>> shift);
const big = (value: number, [a, b, c]: readonly [number, number, number]): number =>
  rotated(value, a) ^ rotated(value, b) ^ rotated(value, c);

/**
 * a…h at `from` become those at `to`. Of the 16 words of the schedule behind these, four go, and four come. A constant is the
 * upper half of 8 bytes.
 */
export function sha256Rounds(linear: DataView, from: number, to: number, constants: number): void {
  const wordsAt = (at: number, count: number, step = WORD_BYTES): number[] =>
    Array.from({ length: count }, (_, n) => linear.getInt32(at + n * step, true));
  const store = (at: number, words: readonly number[]): void =>
    words.forEach((word, n) => linear.setInt32(at + n * WORD_BYTES, word, true));
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = wordsAt(from, WORDS);
  const words = wordsAt(to + SCHEDULE_AT, SCHEDULE);
  const keys = wordsAt(constants + WORD_BYTES, ROUNDS, CONSTANT_BYTES);
  const word = (n: number): number => words[n] ?? 0;
  for (let n = 0; n < ROUNDS; n++) {
    const first = (h + big(e, [6, 11, 25]) + ((e & f) ^ (~e & g)) + (keys[n] ?? 0) + word(n)) | 0;
    const second = (big(a, [2, 13, 22]) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
    words.push((word(n) + small(word(n + 1), [7, 18, 3]) + word(n + 9) + small(word(n + 14), [17, 19, 10])) | 0);
  }
  store(to, [a, b, c, d, e, f, g, h]);
  store(to + SCHEDULE_AT, words.slice(ROUNDS));
}
