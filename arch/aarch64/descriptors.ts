// Descriptors of translation tables, 4 KiB granule (Arm ARM D8.3): stage 1 and stage 2 have the same form, and levels 1 to 3 are
// the three of core/tables.ts.
//
//   63      55 54      50      47                    12 11 10 9  8 7  6 5     2  1  0
//  ┌──────────┬──┬──────────┬─────────────────────────┬──┬──┬─────┬────┬───────┬──┬──┐
//  │          │XN│          │ output address / table  │  │AF│ SH  │ AP │ attr  │T │V │   T: 1 table (or page), 0 block
//  └──────────┴──┴──────────┴─────────────────────────┴──┴──┴─────┴────┴───────┴──┴──┘

import { dsbSy, isb } from "../../build/generated/aarch64";
import { PAGE_SHIFT } from "../../core/pages";

const ADDRESS_MASK: u64 = 0x0000fffffffff000;
const TABLE: u64 = 3;
const PAGE: u64 = 3;
const BLOCK: u64 = 1;
const TYPE_MASK: u64 = 3;
export const ENTRY_VALID: u64 = 1;

export const LEAF_AF: u64 = 1 << 10;
export const LEAF_SH_INNER: u64 = 3 << 8;
export const LEAF_XN: u64 = (<u64>1) << 54;

// The hypervisor's own (EL2 stage 1; core/ownMemory.ts), by MAIR_EL2 as entry.S sets it: 0 Normal write-back, 1 Device-nGnRE.
const ATTR_NORMAL: u64 = 0 << 2;
const ATTR_DEVICE: u64 = 1 << 2;
const AP_RES1: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
export const OWN_DEVICE: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_DEVICE;
export const OWN_MEMORY: u64 = LEAF_AF | LEAF_XN | AP_RES1 | ATTR_NORMAL | LEAF_SH_INNER;
export const OWN_READ_ONLY: u64 = OWN_MEMORY | AP_READ_ONLY;

@inline export function isTable(entry: u64): bool { return (entry & TYPE_MASK) == TABLE; }
@inline export function tableOf(entry: u64): u64 { return entry & ADDRESS_MASK; }
@inline export function tableEntry(table: u64): u64 { return table | TABLE; }
/** `leaf`: its attributes. */
@inline export function leafEntry(pa: u64, leaf: u64, shift: u32): u64 {
  return pa | leaf | (shift == PAGE_SHIFT ? PAGE : BLOCK);
}

/** What has just been mapped is seen by the next access. */
export function mapped(): void {
  dsbSy();
  isb();
}
