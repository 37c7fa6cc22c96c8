// Stage 2: what a partition's IPAs are (Arm ARM D8.3, stage 2 descriptors). Built once from the blob's regions. With direct
// interrupts it can be taken away as a whole: a guest without memory comes to EL2 at its next instruction, whatever it does.
//
//   leaf:   54   10  9 8   7 6    5    2
//          ┌──┬─────┬────┬──────┬───────┐
//          │XN│ AF  │ SH │ S2AP │MemAttr│
//          └──┴─────┴────┴──────┴───────┘

import {
  dsbIsh, isb, mrs_ID_AA64MMFR0_EL1, mrs_SCTLR_EL1, mrs_TCR_EL1, mrs_VTTBR_EL2, msr_SCTLR_EL1, msr_TCR_EL1, msr_VTTBR_EL2, physicalRead64, physicalWrite64,
  tlbiVmalls12e1is,
} from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import {
  BlobPartition, BlobRegion, MAX_PARTITIONS, REGION_DEVICE, REGION_EXECUTE, REGION_READ, REGION_WRITE,
} from "../../build/generated/blob";
import { blobRegion, isDirect, MAX_REGIONS } from "../../core/blob";
import { ipaBits, PARANGE_MASK, SCTLR_M, TCR_EPD, VTTBR_VMID_SHIFT } from "./sysregs";
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

/** A direct partition's memory is taken away from a tick: so only so many GiB may have something in them. */
const DIRECT_ROOTS_MAX: u32 = 64;
const usedRoots: usize = memory.data(2 * DIRECT_ROOTS_MAX * MAX_PARTITIONS, 8);
const usedRootCounts: usize = memory.data(4 * MAX_PARTITIONS, 8);

/** VTTBR_EL2 of each partition. */
const vttbrs: usize = memory.data(8 * MAX_PARTITIONS, 8);

@inline export function vttbrOf(partition: u32): u64 { return load<u64>(vttbrs + (partition << 3)); }

function leafOf(region: BlobRegion): u64 {
  let leaf = LEAF_AF | (region.kind == REGION_DEVICE ? MEMATTR_DEVICE_NGNRE : MEMATTR_NORMAL_WB | LEAF_SH_INNER);
  if ((region.access & REGION_READ) != 0) leaf |= S2AP_READ;
  if ((region.access & REGION_WRITE) != 0) leaf |= S2AP_WRITE;
  if ((region.access & REGION_EXECUTE) == 0) leaf |= LEAF_XN; // as of all but RAM (blobCheck.ts)
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
    if ((region.pa + spanOf(region) - 1) >> bits != 0) return "a region lies above the PA space: lower its address"; // IPAs: header().ipaBits, no more than that
    const mapped = region.colours != 0 ? mapColoured(root, region) : mapRange(root, region.ipa, region.pa, region.size, leafOf(region));
    if (!mapped) return TOO_MANY_TABLES;
  }
  if (isDirect(plan) && !noteRoots(n, root, roots)) return "a direct partition's regions lie in over 64 GiBs of IPA: move them together";
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

/** Notes which root entries a direct partition uses. False: more than can be taken away at once. */
function noteRoots(n: u32, root: u64, roots: u32): bool {
  let used: u32 = 0;
  for (let i: u32 = 0; i < roots * ENTRIES; i++) {
    bound(i, ROOT_ENTRIES_MAX);
    if (physicalRead64(root + (i << 3)) == 0) continue;
    if (used == DIRECT_ROOTS_MAX) return false;
    store<u16>(usedRoots + ((n * DIRECT_ROOTS_MAX + used++) << 1), <u16>i);
  }
  store<u32>(usedRootCounts + (n << 2), used);
  return true;
}

/** Partition n, a direct one, has no memory any more, on any pCPU, when this returns. */
export function revokeStage2(n: u32): void {
  setRoots(n, 0);
  dropTranslations(vttbrOf(n));
}

/**
 * No pCPU has translations of that VTTBR_EL2's VMID any more when this returns. Twice: on some cores an access may still use what a
 * single TLBI and DSB have dropped (Cortex-A55 erratum 2441007, CVE-2025-10263); it is rare enough here to ask nobody which core this is.
 * With another VMID than that of EL1's registers no stage 1 may be walked, which a speculative AT does (Cortex-A55 erratum 1530923).
 */
export function dropTranslations(vttbr: u64): void {
  const own = mrs_VTTBR_EL2();
  const control = mrs_TCR_EL1();
  const system = mrs_SCTLR_EL1();
  msr_TCR_EL1(control | TCR_EPD);
  isb();
  msr_SCTLR_EL1(system | SCTLR_M); // or EPD says nothing
  isb();
  msr_VTTBR_EL2(vttbr);
  isb();
  dsbIsh();
  tlbiVmalls12e1is();
  dsbIsh();
  tlbiVmalls12e1is();
  dsbIsh();
  msr_VTTBR_EL2(own);
  isb();
  msr_SCTLR_EL1(system);
  isb();
  msr_TCR_EL1(control);
}

/** It has its memory again. */
export function grantStage2(n: u32): void {
  setRoots(n, VALID);
  dsbIsh();
}

function setRoots(n: u32, valid: u64): void {
  const root = vttbrOf(n) & VTTBR_BADDR;
  const used = usedRoots + ((n * DIRECT_ROOTS_MAX) << 1);
  const count = load<u32>(usedRootCounts + (n << 2));
  for (let i: u32 = 0; i < count; i++) {
    bound(i, DIRECT_ROOTS_MAX);
    const at = root + (<u64>load<u16>(used + (i << 1)) << 3);
    physicalWrite64(at, (physicalRead64(at) & ~VALID) | valid);
  }
}
