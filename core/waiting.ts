// Interrupts that a vCPU holds outside its list registers, by priority: those that are *filed*, pending until a list register is free for
// them, and those that are *spilled*, active, which had to make room. Both in bitmaps: nothing is searched, however many there are.
//
//   levels: bit n, some of level n (five bits of priority, 0 is the most urgent)    summary[n]: bit k, … in word k of it
//   words[n][k]: bit i, INTID 32·k + i                                            union[k]: bit i, INTID 32·k + i, at some level
//
// An interrupt's priority counts as it is when it is put in: where it stands says its level, whatever others write meanwhile.

import { MAX_CPUS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { INTID_WORDS, Vcpu } from "./vcpu";

const LEVELS: u32 = 32;
export const LEVEL_SHIFT: u32 = 3; // of a priority: what is below is not implemented
/** What `take` gives back: the level above the INTID. */
export const TAKEN_LEVEL_SHIFT: u32 = 10;
export const TAKEN_INTID: u32 = (1 << TAKEN_LEVEL_SHIFT) - 1;

const SUMMARY: u32 = 8;
const UNION: u32 = SUMMARY + LEVELS * 4;
const WORDS: u32 = UNION + INTID_WORDS * 4;
const SIZE: u32 = WORDS + LEVELS * INTID_WORDS * 4;

@unmanaged
export class Waiting {
  levels: u32;

  /** Word k of all that are there, whatever their level. */
  @inline all(k: u32): u32 { return load<u32>(changetype<u32>(this) + (k << 2), UNION); }
}

const files: usize = memory.data(2 * SIZE * MAX_CPUS, 8);

@inline export function filed(vcpu: Vcpu): Waiting { return changetype<Waiting>(files + vcpu.pcpu * (2 * SIZE)); }
@inline export function spilled(vcpu: Vcpu): Waiting { return changetype<Waiting>(files + vcpu.pcpu * (2 * SIZE) + SIZE); }

@inline function wordAt(base: u32, level: u32, k: u32): u32 { return base + WORDS + (level << 7) + (k << 2); }

export function put(waiting: Waiting, intid: u32, level: u32): void {
  const base = changetype<u32>(waiting);
  const k = intid >> 5;
  const bit = <u32>1 << (intid & 31);
  const union = base + (k << 2);
  if ((load<u32>(union, UNION) & bit) != 0) return;
  store<u32>(union, load<u32>(union, UNION) | bit, UNION);
  const at = wordAt(base, level, k);
  store<u32>(at, load<u32>(at) | bit);
  const summary = base + (level << 2);
  store<u32>(summary, load<u32>(summary, SUMMARY) | <u32>1 << k, SUMMARY);
  waiting.levels |= <u32>1 << level;
}

/** Takes the most urgent one, of the lowest INTID among equals; the caller knows that there is one. */
export function take(waiting: Waiting): u32 {
  const level = <u32>ctz(waiting.levels);
  const base = changetype<u32>(waiting);
  const k = <u32>ctz(load<u32>(base + (level << 2), SUMMARY));
  const bits = load<u32>(wordAt(base, level, k));
  remove(waiting, level, k, bits & (0 - bits));
  return level << TAKEN_LEVEL_SHIFT | k << 5 | ctz(bits);
}

/** Takes those of `bits` in word k that are there; gives them back. */
export function takeWord(waiting: Waiting, k: u32, bits: u32): u32 {
  const taken = waiting.all(k) & bits;
  let levels = taken != 0 ? waiting.levels : 0;
  for (let i: u32 = 0; levels != 0; i++, levels &= levels - 1) {
    bound(i, LEVELS);
    remove(waiting, <u32>ctz(levels), k, taken);
  }
  return taken;
}

@inline function remove(waiting: Waiting, level: u32, k: u32, bits: u32): void {
  const base = changetype<u32>(waiting);
  const union = base + (k << 2);
  store<u32>(union, load<u32>(union, UNION) & ~bits, UNION);
  const at = wordAt(base, level, k);
  const left = load<u32>(at) & ~bits;
  store<u32>(at, left);
  if (left != 0) return;
  const summary = base + (level << 2);
  const words = load<u32>(summary, SUMMARY) & ~(<u32>1 << k);
  store<u32>(summary, words, SUMMARY);
  if (words == 0) waiting.levels &= ~(<u32>1 << level);
}

/** Nothing is there any more. */
export function clear(waiting: Waiting): void {
  for (let at: u32 = 0; at < SIZE && waiting.levels != 0; at += 8) {
    bound(at >> 3, SIZE >> 3);
    store<u64>(changetype<u32>(waiting) + SIZE - 8 - at, 0);
  }
}
