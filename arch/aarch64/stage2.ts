// Stage 2: what a partition's IPAs are (Arm ARM D8.3, stage 2 descriptors). Built once from the blob's regions. With direct
// interrupts it can be taken away as a whole: a guest without memory comes to EL2 at its next instruction, whatever it does.
//
//   leaf:   54   10  9 8   7 6    5    2
//          ┌──┬─────┬────┬──────┬───────┐
//          │XN│ AF  │ SH │ S2AP │MemAttr│
//          └──┴─────┴────┴──────┴───────┘

import { dsbIsh, mrs_ID_AA64MMFR0_EL1, physicalRead64, physicalWrite64, tlbiVmid } from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import {
  BlobPartition, BlobRegion, MAX_PARTITIONS, REGION_DEVICE, REGION_EXECUTE, REGION_READ, REGION_WRITE,
} from "../../build/generated/blob";
import { blobRegion, MAX_REGIONS } from "../../core/blob";
import { ipaBits, PARANGE_MASK, VTTBR_VMID_SHIFT } from "./sysregs";
import { allocateTables, LEAF_AF, LEAF_SH_INNER, LEAF_XN, mapLeaf, mapRange, POOL_TABLES } from "./tables";
import { nextColoured, spanOf } from "../../core/colours";
import { BLOCK_1G_SHIFT, PAGE_SHIFT } from "../../core/stage2";

const MEMATTR_NORMAL_WB: u64 = 0xf << 2;
const MEMATTR_DEVICE_NGNRE: u64 = 1 << 2;
const S2AP_READ: u64 = 1 << 6;
const S2AP_WRITE: u64 = 1 << 7;
const ENTRIES: u32 = 512;
/** Level 1 entries of a partition: one table, or two concatenated. */
const ROOT_ENTRIES_MAX: u32 = 2 * ENTRIES;
const VALID: u64 = 1;
const VTTBR_BADDR: u64 = 0x0000fffffffffffe;
/** Pages that all level 3 tables together could map. */
export const COLOURED_PAGES_MAX: u32 = POOL_TABLES * ENTRIES;

const TOO_MANY_TABLES = "stage 2 needs more tables than there are: use larger, aligned regions";
const BEYOND = "a region lies above this pCPU's IPA or PA space (40 bits at most): give it a lower address";

/** VTTBR_EL2 of each partition. */
const vttbrs: usize = memory.data(8 * MAX_PARTITIONS, 8);

@inline export function vttbrOf(partition: u32): u64 { return load<u64>(vttbrs + (partition << 3)); }

function leafOf(region: BlobRegion): u64 {
  let leaf = LEAF_AF | (region.kind == REGION_DEVICE ? MEMATTR_DEVICE_NGNRE : MEMATTR_NORMAL_WB | LEAF_SH_INNER);
  if ((region.access & REGION_READ) != 0) leaf |= S2AP_READ;
  if ((region.access & REGION_WRITE) != 0) leaf |= S2AP_WRITE;
  if ((region.access & REGION_EXECUTE) == 0 || region.kind == REGION_DEVICE) leaf |= LEAF_XN;
  return leaf;
}

/** Builds partition n's tables; null, or what is wrong. */
export function buildStage2(n: u32, plan: BlobPartition): string | null {
  const bits = ipaBits(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK);
  // Up to 39 bits one level 1 table of 512 entries; 40 bits two, one behind the other (concatenated, D8.2.10).
  const roots = max<u32>(((<u32>1) << (bits - BLOCK_1G_SHIFT)) / ENTRIES, 1);
  const root = allocateTables(roots);
  if (root == 0) return TOO_MANY_TABLES;
  for (let i: u32 = 0; i < plan.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(plan.regionFirst + i);
    if (((region.ipa + region.size - 1) | (region.pa + spanOf(region) - 1)) >> bits != 0) return BEYOND;
    const mapped = region.colours != 0 ? mapColoured(root, region) : mapRange(root, region.ipa, region.pa, region.size, leafOf(region));
    if (!mapped) return TOO_MANY_TABLES;
  }
  // VMID 0 is nobody's.
  store<u64>(vttbrs + (n << 3), root | (<u64>(n + 1) << VTTBR_VMID_SHIFT));
  return null;
}

/** Page by page: the next one that has a colour of the region's. */
function mapColoured(root: u64, region: BlobRegion): bool {
  const leaf = leafOf(region);
  const pages = region.size >> PAGE_SHIFT;
  if (pages > COLOURED_PAGES_MAX) return false;
  let pa = region.pa;
  for (let page: u32 = 0; page < <u32>pages; page++) {
    bound(page, COLOURED_PAGES_MAX);
    pa = nextColoured(pa, region.colours);
    if (!mapLeaf(root, region.ipa + (<u64>page << PAGE_SHIFT), pa, PAGE_SHIFT, leaf)) return false;
    pa += (<u64>1) << PAGE_SHIFT;
  }
  return true;
}

@inline function rootEntries(): u32 {
  return min<u32>((<u32>1) << (ipaBits(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK) - BLOCK_1G_SHIFT), ROOT_ENTRIES_MAX);
}

/** Partition n has no memory any more, on any pCPU, when this returns. */
export function revokeStage2(n: u32): void {
  const vttbr = vttbrOf(n);
  const root = vttbr & VTTBR_BADDR;
  for (let i: u32 = 0; i < rootEntries(); i++) {
    bound(i, ROOT_ENTRIES_MAX);
    const entry = physicalRead64(root + (i << 3));
    if (entry != 0) physicalWrite64(root + (i << 3), entry & ~VALID);
  }
  tlbiVmid(vttbr);
}

/** It has its memory again. */
export function grantStage2(n: u32): void {
  const root = vttbrOf(n) & VTTBR_BADDR;
  for (let i: u32 = 0; i < rootEntries(); i++) {
    bound(i, ROOT_ENTRIES_MAX);
    const entry = physicalRead64(root + (i << 3));
    if (entry != 0) physicalWrite64(root + (i << 3), entry | VALID);
  }
  dsbIsh();
}
