// Refused: an intrinsic declared by hand, with another type than the table's.
// @ts-ignore: decorator
@external("cpu", "atomicOr32")
declare function atomicOr32(pointer: u32, bits: u64): u32;

export function set(pointer: u32): u32 {
  return atomicOr32(pointer, 1);
}
