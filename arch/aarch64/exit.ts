// What an exit handler tells the vectors (entry.S) to do next.

import { Vcpu } from "../../core/vcpu";

/** Restore the guest's registers and ERET. */
export const RESUME: u32 = 0;
/** There is no guest to go back to: park(), then WFI until there is. */
export const PARK: u32 = 1;
/** The same, but there is more to do: park() again, which looks at what is pending first. */
export const AGAIN: u32 = 2;

/** Of a quick trap (quickTraps.ts): ERET behind the instruction, or save all registers and ask trapSync. */
export const DONE: u32 = 0;
export const REFUSED: u32 = 1;

/** A quick trap that gives a value back says so where the vectors look for it. */
@inline export function refuse(vcpu: Vcpu): u64 {
  vcpu.refuses = 1;
  return 0;
}
