// The guest's general registers: the first fields of its vCPU's record, so that register n is found without an addition. x0 is
// always 0.

@unmanaged
export class Registers {
  // Saved and restored by entry.S.
  x0: u64; x1: u64; x2: u64; x3: u64; x4: u64; x5: u64; x6: u64; x7: u64;
  x8: u64; x9: u64; x10: u64; x11: u64; x12: u64; x13: u64; x14: u64; x15: u64;
  x16: u64; x17: u64; x18: u64; x19: u64; x20: u64; x21: u64; x22: u64; x23: u64;
  x24: u64; x25: u64; x26: u64; x27: u64; x28: u64; x29: u64; x30: u64; x31: u64;

  // By the names of the calling convention.
  @inline get a0(): u64 { return this.x10; }
  @inline get a1(): u64 { return this.x11; }
  @inline get a2(): u64 { return this.x12; }
  /** SBI: which function of which extension. */
  @inline get a6(): u64 { return this.x16; }
  @inline get a7(): u64 { return this.x17; }
  @inline get t0(): u64 { return this.x5; }

  @inline register(n: u32): u64 { return load<u64>(changetype<u32>(this) + (n << 3)); }
  /** n is not 0. */
  @inline setRegister(n: u32, value: u64): void { store<u64>(changetype<u32>(this) + (n << 3), value); }
}

export const REGISTERS: u32 = 32;
/** a0. */
export const FIRST_ARGUMENT: u32 = 10;
