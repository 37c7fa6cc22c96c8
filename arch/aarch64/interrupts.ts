// Interrupts as the core sees them: who owns which INTID, at which priority it goes to the guest. An INTID from a guest is
// an allegation: it becomes an interrupt only by `owns`.
//
// A partition's SPIs keep enable, pending, active and route in the physical distributor, whose registers are write-one-to-set
// and write-one-to-clear: masked by the owner's bitmap, a guest's write needs no lock and reaches nobody else's bit.

import { INTID_WORDS, Vcpu } from "./vcpu";

export const FIRST_PPI: u32 = 16;
export const FIRST_SPI: u32 = 32;
/** INTIDs from here on name no interrupt (IHI 0069 §2.2): reading ICC_IAR1_EL1, nothing was pending. */
export const FIRST_SPECIAL: u32 = 1020;

// What the partitions' SPIs are, as bitmaps of INTIDs; each bit is changed by the partition that owns it alone, atomically.
const BITMAP: u32 = INTID_WORDS * 4;
const bitmaps: usize = memory.data(BITMAP * 4, 8);

/** Edge-triggered, as planned. */
@inline export function edgesAt(k: u32): u32 { return bitmaps + (k << 2); }
/** Enabled, as the guest wants it. */
@inline export function enabledAt(k: u32): u32 { return bitmaps + BITMAP + (k << 2); }
/** Disabled physically, whatever the guest wants, until its end: somebody else has deactivated it. */
@inline export function mutedAt(k: u32): u32 { return bitmaps + 2 * BITMAP + (k << 2); }
/** Made pending by the guest's own hand: a level-sensitive one stays so without its wire. Of PPIs, in the vCPU. */
@inline export function latchedAt(vcpu: Vcpu, k: u32): u32 { return k == 0 ? vcpu.latchedAt() : bitmaps + 3 * BITMAP + (k << 2); }

export const NO_INTERRUPT: u32 = 1023;

/** Mask of pCPUs other than `self`. */
@inline export function others(mask: u32, self: u32): u32 { return mask & ~(<u32>1 << self); }
