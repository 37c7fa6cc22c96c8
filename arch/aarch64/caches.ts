// Geometry of a cache as CCSIDR_EL1 tells it (Arm ARM D24.2.25): LineSize, log2(bytes) - 4, in bits 2…0; ways - 1 and sets - 1 in
// bits 12…3 and 27…13, with FEAT_CCIDX in bits 23…3 and 55…32.

import { cacheGeometry, dcCisw, mrs_ID_AA64MMFR2_EL1 } from "../../build/generated/aarch64";

@inline function isWide(): bool { return ((mrs_ID_AA64MMFR2_EL1() >> 20) & 15) != 0; }
@inline export function lastSet(geometry: u64): u32 {
  return <u32>(isWide() ? (geometry >> 32) & 0xffffff : (geometry >> 13) & 0x7fff);
}
@inline export function lastWay(geometry: u64): u32 { return <u32>(geometry >> 3) & (isWide() ? 0x1fffff : 0x3ff); }
@inline export function lineShift(geometry: u64): u32 { return (<u32>geometry & 7) + 4; }

/** DC CISW of a line of L1: set from the line's bits on, way up to bit 31, level 0. An operand that names none that is there does
 *  nothing. */
export function flushLine(operand: u64): void {
  const geometry = cacheGeometry(0);
  const sets = lastSet(geometry);
  const wayShift = clz(lastWay(geometry)); // 32 where there is only one
  const way = (operand & 0xffffffff) >> wayShift;
  const set = <u32>(operand >> lineShift(geometry)) & <u32>(((<u64>1) << (32 - clz(sets))) - 1);
  if (way <= lastWay(geometry) && set <= sets) dcCisw(way << wayShift | <u64>set << lineShift(geometry));
}
