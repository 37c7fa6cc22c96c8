// Random seeds for guests. What the board has of randomness is gathered in a key at boot; each start of a partition gets a block
// of ChaCha20 (RFC 8439 §2.3) under it, with the next number: never one twice, and none of them says anything about another.
//
//   state, in words:   0                   4     12       13     16
//                     ┌───────────────────┬─────┬────────┬──────┐
//                     │ "expand 32-byte k"│ key │ number │ 0    │
//                     └───────────────────┴─────┴────────┴──────┘

import { MAX_PARTITIONS } from "../build/generated/blob";
import { atomicAdd32, bound } from "../build/generated/cpu";

export const SEED_BYTES: u32 = 64;
const state: usize = memory.data<u32>([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16);
const KEY: u32 = 16;
const KEY_BYTES: u32 = 32;
const NUMBER: u32 = 48;
const ROUNDS: u32 = 20;
const LEAST_WORDS: u32 = 2; // Words that a source has to have: a kaslr-seed's

/** A block for each partition: they may start at the same time. */
const blocks: usize = memory.data(SEED_BYTES * MAX_PARTITIONS, 16);
let words: u32 = 0;

/** A word from a source of the board; 0: it has none. */
export function absorb(word: u32): void {
  if (word == 0) return;
  const at = state + KEY + ((words++ << 2) & (KEY_BYTES - 4));
  store<u32>(at, rotl<u32>(load<u32>(at), 13) ^ word);
}

/** All sources have been absorbed: every bit of the key depends on each of them. */
export function stir(): void {
  fill(blocks);
  for (let at: u32 = 0; at < KEY_BYTES; at += 8) {
    bound(at >> 3, KEY_BYTES / 8);
    store<u64>(state + at, load<u64>(blocks + at), KEY);
  }
}

/** Where the seed for a partition's next start stands, until it is wiped; 0: the board has no source of any. */
export function nextSeed(partition: u32): usize {
  if (words < LEAST_WORDS) return 0;
  fill(blocks + partition * SEED_BYTES);
  return blocks + partition * SEED_BYTES;
}

function fill(block: usize): void {
  const number = atomicAdd32(state + NUMBER, 1);
  for (let at: u32 = 0; at < SEED_BYTES; at += 4) {
    bound(at >> 2, SEED_BYTES / 4);
    store<u32>(block + at, at == NUMBER ? number : load<u32>(state + at));
  }
  for (let i: u32 = 0; i < ROUNDS; i++) {
    bound(i, ROUNDS);
    const turn = (i & 1) << 2; // columns, then diagonals
    for (let at: u32 = 0; at < 16; at += 4) {
      bound(at >> 2, 4);
      quarterRound(block + at, block + 16 + ((at + turn) & 15), block + 32 + ((at + 2 * turn) & 15), block + 48 +
        ((at + 3 * turn) & 15));
    }
  }
  for (let at: u32 = 0; at < SEED_BYTES; at += 4) {
    bound(at >> 2, SEED_BYTES / 4);
    store<u32>(block + at, load<u32>(block + at) + (at == NUMBER ? number : load<u32>(state + at)));
  }
}

function quarterRound(a: usize, b: usize, c: usize, d: usize): void {
  mix(a, b, d, 16);
  mix(c, d, b, 12);
  mix(a, b, d, 8);
  mix(c, d, b, 7);
}

@inline function mix(to: usize, from: usize, turned: usize, by: u32): void {
  const sum = load<u32>(to) + load<u32>(from);
  store<u32>(to, sum);
  store<u32>(turned, rotl<u32>(load<u32>(turned) ^ sum, by));
}
