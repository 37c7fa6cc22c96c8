// Geometry of a cache as CCSIDR_EL1 tells it (Arm ARM D24.2.25): LineSize, log2(bytes) - 4, in bits 2…0; ways - 1 and sets - 1 are
//
//   FEAT_CCIDX:   55      32 31 24 23        3        without:   27      13 12       3
//                ┌──────────┬─────┬──────────┐                  ┌──────────┬──────────┐
//                │ Sets - 1 │     │ Ways - 1 │                  │ Sets - 1 │ Ways - 1 │
//                └──────────┴─────┴──────────┘                  └──────────┴──────────┘

import { mrs_ID_AA64MMFR2_EL1 } from "../../build/generated/aarch64";

@inline function isWide(): bool { return ((mrs_ID_AA64MMFR2_EL1() >> 20) & 15) != 0; }
@inline export function lastSet(geometry: u64): u32 { return <u32>(isWide() ? (geometry >> 32) & 0xffffff : (geometry >> 13) & 0x7fff); }
@inline export function lastWay(geometry: u64): u32 { return <u32>(geometry >> 3) & (isWide() ? 0x1fffff : 0x3ff); }
@inline export function lineShift(geometry: u64): u32 { return (<u32>geometry & 7) + 4; }
