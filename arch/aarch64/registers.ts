// The guest's general registers: the first fields of its vCPU's record, so that register n is found without an addition.

export const XZR: u32 = 31; // Number of the zero register where an instruction names a register (ISS.SRT, ISS.Rt)

@unmanaged
export class Registers {
  // Saved and restored by the vectors (entry.S), one behind the other.
  x0: u64; x1: u64; x2: u64; x3: u64; x4: u64; x5: u64; x6: u64; x7: u64;
  x8: u64; x9: u64; x10: u64; x11: u64; x12: u64; x13: u64; x14: u64; x15: u64;
  x16: u64; x17: u64; x18: u64; x19: u64; x20: u64; x21: u64; x22: u64; x23: u64;
  x24: u64; x25: u64; x26: u64; x27: u64; x28: u64; x29: u64; x30: u64;

  /** General register n; 31 is the zero register. */
  @inline register(n: u32): u64 { return n == XZR ? 0 : load<u64>(changetype<u32>(this) + (n << 3)); }
  @inline setRegister(n: u32, value: u64): void { if (n != XZR) store<u64>(changetype<u32>(this) + (n << 3), value); }
}
