// Interrupts as the core sees them: who owns which INTID, at which priority it goes to the guest. An INTID from a guest is
// an allegation: it becomes an interrupt only by `owns`.
//
// A partition's SPIs keep enable, pending, active and route in the physical distributor, whose registers are write-one-to-set
// and write-one-to-clear: masked by the owner's bitmap, a guest's write needs no lock and reaches nobody else's bit. Only the
// priority is kept here: the physical one orders nothing, since every interrupt goes into a list register at once.

import { MAX_CPUS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { MAX_INTERRUPTS } from "./blob";
import { INTID_WORDS, SOMETHING_WAITS, Vcpu } from "./vcpu";

const INTIDS: u32 = INTID_WORDS * 32;
export const FIRST_PPI: u32 = 16;
export const FIRST_SPI: u32 = 32;
/** INTIDs from here on name no interrupt (IHI 0069 §2.2): reading ICC_IAR1_EL1, nothing was pending. */
export const FIRST_SPECIAL: u32 = 1020;

/** The bits of a priority that the interrupt controller has; the others read 0. */
let implemented: u32 = 0xff;

/** `bits`: how many upper bits of the eight are implemented. */
export function setPriorityBits(bits: u32): void { implemented = (0xff00 >> bits) & 0xff; }

@inline export function implementedPriority(priority: u8): u8 { return priority & <u8>implemented; }

const priorities: usize = memory.data(INTIDS);

/** Priority of an SPI; 0 is the highest. intid < 1024. */
@inline export function spiPriority(intid: u32): u8 { return load<u8>(priorities + intid); }
@inline export function setSpiPriority(intid: u32, priority: u8): void { store<u8>(priorities + intid, implementedPriority(priority)); }

/** Priority of any interrupt that the vCPU's partition owns. */
@inline export function priorityOf(vcpu: Vcpu, intid: u32): u8 {
  return intid < FIRST_SPI ? vcpu.privatePriority(intid) : spiPriority(intid);
}

/** Remembers an interrupt that waits for a list register. */
export function deferInterrupt(vcpu: Vcpu, intid: u32): void {
  const word = intid >> 5;
  const bit = <u32>1 << (intid & 31);
  const bits = vcpu.undeliveredWord(word);
  if ((bits & bit) != 0) return;
  vcpu.setUndeliveredWord(word, bits | bit);
  vcpu.undelivered++;
  vcpu.idle = SOMETHING_WAITS;
}

export const NO_INTERRUPT: u32 = 1023;

/** Steps of a walk over a vCPU's waiting interrupts: each goes on to the next word, or takes an interrupt that the blob lists. */
const WALK_STEPS: u32 = INTID_WORDS + MAX_INTERRUPTS + FIRST_SPI;

/** Takes the waiting interrupt of highest priority (of the lowest INTID among equals); the caller knows that one waits. */
export function takeDeferred(vcpu: Vcpu): u32 {
  let best: u32 = 0;
  let bestPriority: u32 = 256;
  let word: u32 = 0;
  let bits = vcpu.undeliveredWord(0);
  for (let i: u32 = 0; word < INTID_WORDS; i++) {
    bound(i, WALK_STEPS);
    if (bits == 0) {
      if (++word < INTID_WORDS) bits = vcpu.undeliveredWord(word);
      continue;
    }
    const intid = (word << 5) + ctz(bits);
    const priority = <u32>priorityOf(vcpu, intid);
    if (priority < bestPriority) {
      best = intid;
      bestPriority = priority;
    }
    bits &= bits - 1;
  }
  forgetDeferred(vcpu, best);
  return best;
}

/** Takes any waiting interrupt of word `word`; NO_INTERRUPT: none waits there. */
export function takeAnyDeferred(vcpu: Vcpu, word: u32): u32 {
  const bits = vcpu.undeliveredWord(word);
  if (bits == 0) return NO_INTERRUPT;
  const intid = (word << 5) + ctz(bits);
  forgetDeferred(vcpu, intid);
  return intid;
}

/** Drops a waiting interrupt, if it waits. */
export function forgetDeferred(vcpu: Vcpu, intid: u32): void {
  const word = intid >> 5;
  const bit = <u32>1 << (intid & 31);
  const bits = vcpu.undeliveredWord(word);
  if ((bits & bit) == 0) return;
  vcpu.setUndeliveredWord(word, bits & ~bit);
  if (--vcpu.undelivered == 0) vcpu.idle = vcpu.listRegisters;
}

/** Mask of pCPUs other than `self`. */
@inline export function others(mask: u32, self: u32): u32 { return mask & ~(<u32>1 << self) & ((<u32>1 << MAX_CPUS) - 1); }
