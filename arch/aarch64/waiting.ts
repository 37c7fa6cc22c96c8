// Interrupts that a vCPU holds outside its list registers, by priority: those that are *filed*, pending until a list register is
// free for them, and those that are *spilled*, active, which had to make room. Both in bitmaps: nothing is searched, however many
// there are.
//
//   levels: bit n, perhaps some of level n (five bits of priority, 0 is the most urgent)
//   summary[n]: bit k, perhaps some of level n in word k      words: bit k, union[k] is not 0
//   at[k][n]: bit i, INTID 32·k + i is of level n             union[k]: bit i, INTID 32·k + i is there, at some level
//
// An interrupt's priority counts as it is when it is put in: where it stands says its level, whatever others write meanwhile.
// Taking a whole word leaves its notes in `levels` and `summary` behind; they are struck out when `take` comes by and finds
// nothing.

import { MAX_CPUS } from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { INTID_WORDS, Vcpu } from "./vcpu";

export const LEVELS: u32 = 32;
export const LEAST_URGENT: u32 = LEVELS - 1;
export const LEVEL_SHIFT: u32 = 3; // of a priority: what is below is not implemented
/** What `take` gives back: the level above the INTID. */
export const TAKEN_LEVEL_SHIFT: u32 = 10;
export const TAKEN_INTID: u32 = (1 << TAKEN_LEVEL_SHIFT) - 1;

export const NOTHING_TAKEN: u32 = 0xffffffff; // It gave nothing, but there may be more

const SUMMARY: u32 = 8;
const UNION: u32 = SUMMARY + LEVELS * 4;
const AT: u32 = UNION + INTID_WORDS * 4;
const SIZE: u32 = AT + LEVELS * INTID_WORDS * 4;

@unmanaged
export class Waiting {
  levels: u32;
  words: u32;

  /** Word k of all that are there, whatever their level. */
  @inline all(k: u32): u32 { return load<u32>(changetype<u32>(this) + (k << 2), UNION); }
}

const files: usize = memory.data(2 * SIZE * MAX_CPUS, 8);

@inline export function filed(vcpu: Vcpu): Waiting { return changetype<Waiting>(files + vcpu.pcpu * (2 * SIZE)); }
@inline export function spilled(vcpu: Vcpu): Waiting { return changetype<Waiting>(files + vcpu.pcpu * (2 * SIZE) + SIZE); }
@inline function unionAt(waiting: Waiting, k: u32): u32 { return changetype<u32>(waiting) + UNION + (k << 2); }
@inline function summaryAt(waiting: Waiting, level: u32): u32 { return changetype<u32>(waiting) + SUMMARY + (level << 2); }
@inline function levelsAt(waiting: Waiting, k: u32): u32 { return changetype<u32>(waiting) + AT + (k << 7); }

export function put(waiting: Waiting, intid: u32, level: u32): void {
  const k = intid >> 5;
  const bit = <u32>1 << (intid & 31);
  const union = unionAt(waiting, k);
  if ((load<u32>(union) & bit) != 0) return;
  store<u32>(union, load<u32>(union) | bit);
  const at = levelsAt(waiting, k) + (level << 2);
  store<u32>(at, load<u32>(at) | bit);
  const summary = summaryAt(waiting, level);
  store<u32>(summary, load<u32>(summary) | <u32>1 << k);
  waiting.levels |= <u32>1 << level;
  waiting.words |= <u32>1 << k;
}

/** Takes the most urgent one, of the lowest INTID among equals; or strikes out a note. The caller knows that there is one. */
export function take(waiting: Waiting): u32 {
  const level = <u32>ctz(waiting.levels);
  const summary = summaryAt(waiting, level);
  const k = <u32>ctz(load<u32>(summary));
  const at = levelsAt(waiting, k) + (level << 2);
  const bits = load<u32>(at);
  const left = bits & (bits - 1);
  store<u32>(at, left);
  if (left == 0) {
    const words = load<u32>(summary) & ~(<u32>1 << k);
    store<u32>(summary, words);
    if (words == 0) waiting.levels &= ~(<u32>1 << level);
  }
  if (bits == 0) return NOTHING_TAKEN;
  strike(waiting, k, bits ^ left);
  return level << TAKEN_LEVEL_SHIFT | k << 5 | ctz(bits);
}

/** Takes those of `bits` in word k that are there; gives them back. */
export function takeWord(waiting: Waiting, k: u32, bits: u32): u32 {
  const taken = waiting.all(k) & bits;
  if (taken == 0) return 0;
  strike(waiting, k, taken);
  const kept = ~(<u64>taken << 32 | taken);
  const at = levelsAt(waiting, k);
  for (let i: u32 = 0; i < LEVELS / 2; i++) {
    bound(i, LEVELS / 2);
    store<u64>(at + (i << 3), load<u64>(at + (i << 3)) & kept);
  }
  return taken;
}

@inline function strike(waiting: Waiting, k: u32, bits: u32): void {
  const left = waiting.all(k) & ~bits;
  store<u32>(unionAt(waiting, k), left);
  if (left == 0) waiting.words &= ~(<u32>1 << k);
}
