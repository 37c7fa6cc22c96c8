// Stage 2: what a partition's IPAs are. Built once from the blob's regions. With direct interrupts it can be taken away as a
// whole: a guest without memory comes to the hypervisor at its next instruction, whatever it does.

import {
  ENTRY_VALID, forgetTranslations, guestAddressBits, leafOf, physicalRead64, physicalWrite64, rootTables, fence,
} from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import {
  BlobPartition, blobRegion, BlobRegion, IPA_BITS_MAX, MAX_PARTITIONS, MAX_REGIONS,
} from "../build/generated/blob";
import { isDirect } from "./blob";
import { nextColoured, spanOf } from "./colours";
import { BLOCK_1G_SHIFT, PAGE_BYTES, PAGE_SHIFT } from "./pages";
import { allocateTables, mapPage, mapRange, POOL_TABLES } from "./tables";

const ENTRIES: u32 = 512;
const ROOT_ENTRIES_MAX: u32 = 1 << (IPA_BITS_MAX - BLOCK_1G_SHIFT);
export const COLOURED_PAGES_MAX: u32 = POOL_TABLES * ENTRIES; // Pages that all level 3 tables together could map

const TOO_MANY_TABLES = "stage 2 needs more tables than there are: use larger, aligned regions";

/** A direct partition's memory is taken away from a tick: so only so many GiB may have something in them. */
const DIRECT_ROOTS_MAX: u32 = 64;
const usedRoots: usize = memory.data(2 * DIRECT_ROOTS_MAX * MAX_PARTITIONS, 8);
const usedRootCounts: usize = memory.data(4 * MAX_PARTITIONS, 8);

const roots: usize = memory.data(8 * MAX_PARTITIONS, 8); // PA of each partition's root

@inline export function stage2RootOf(partition: u32): u64 { return load<u64>(roots + (partition << 3)); }

/** Builds partition n's tables; null, or what is wrong. */
export function buildStage2(n: u32, plan: BlobPartition): string | null {
  const bits = guestAddressBits();
  const root = allocateTables(rootTables(bits));
  if (root == 0) return TOO_MANY_TABLES;
  for (let i: u32 = 0; i < plan.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(plan.regionFirst + i);
    // IPAs: header().ipaBits, no more than that.
    if ((region.pa + spanOf(region) - 1) >> bits != 0) return "a region lies above the PA space: lower its address";
    const mapped = region.colours != 0 ? mapColoured(root, region) :
      mapRange(root, region.ipa, region.pa, region.size, leafOf(region));
    if (!mapped) return TOO_MANY_TABLES;
  }
  if (isDirect(plan) && !noteRoots(n, plan))
    return "a direct partition's regions lie in over 64 GiBs of IPA: move them together";
  store<u64>(roots + (n << 3), root);
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
    if (!mapPage(root, region.ipa + (<u64>page << PAGE_SHIFT), pa, leaf)) return false;
    pa += PAGE_BYTES;
  }
  return true;
}

/** Notes which root entries a direct partition uses: some twice, if need be. False: more than can be taken away at once. */
function noteRoots(n: u32, plan: BlobPartition): bool {
  let used: u32 = 0;
  let before = ROOT_ENTRIES_MAX; // none
  for (let i: u32 = 0; i < plan.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(plan.regionFirst + i);
    const last = <u32>((region.ipa + region.size - 1) >> BLOCK_1G_SHIFT);
    for (let at = <u32>(region.ipa >> BLOCK_1G_SHIFT), k: u32 = 0; at <= last; at++, k++) {
      bound(k, ROOT_ENTRIES_MAX);
      if (at == before) continue;
      if (used == DIRECT_ROOTS_MAX) return false;
      store<u16>(usedRoots + ((n * DIRECT_ROOTS_MAX + used++) << 1), <u16>at);
      before = at;
    }
  }
  store<u32>(usedRootCounts + (n << 2), used);
  return true;
}

/** Partition n, a direct one, has no memory any more, on any pCPU, when this returns. */
export function revokeStage2(n: u32): void {
  setRoots(n, 0);
  forgetTranslations(n);
}

/** It has its memory again. */
export function grantStage2(n: u32): void {
  setRoots(n, ENTRY_VALID);
  fence();
}

function setRoots(n: u32, valid: u64): void {
  const root = stage2RootOf(n);
  const used = usedRoots + ((n * DIRECT_ROOTS_MAX) << 1);
  const count = load<u32>(usedRootCounts + (n << 2));
  for (let i: u32 = 0; i < count; i++) {
    bound(i, DIRECT_ROOTS_MAX);
    const at = root + (<u64>load<u16>(used + (i << 1)) << 3);
    physicalWrite64(at, (physicalRead64(at) & ~ENTRY_VALID) | valid);
  }
}
