// Where a vCPU's record in linear memory has what the vectors look at by themselves (arch/aarch64/entry.S, VCPU_…).

export const VCPU_PRIORITY_MASK = 248;
export const VCPU_MASK_TRAP = 252;
export const VCPU_MASK_WRITES = 256;
export const VCPU_REFUSES = 264;
export const VCPU_PARTITION = 284;
/** How often its guest has left, by cause: a u64 each. */
export const VCPU_EXITS = 848;
/** VCPU_PARTITION of a spare pCPU. */
export const NO_PARTITION = 0xffff_ffff;
