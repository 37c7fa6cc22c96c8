// The second stage of a guest's translation (G-stage: Sv39x4); core/stage2.ts builds it.

import { csrw_hgatp, fence, hfenceGvma, ownHart } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import { BlobRegion, MAX_CPUS, REGION_EXECUTE, REGION_READ, REGION_WRITE } from "../../build/generated/blob";
import { PAGE_SHIFT } from "../../core/pages";
import { partitionOf, vcpuOfPartition } from "../../core/partition";
import { stage2RootOf } from "../../core/stage2";
import { HGATP_SV39X4, HGATP_VMID_SHIFT } from "./csrs";
import { LEAF_EXECUTE, LEAF_READ, LEAF_USER, LEAF_WRITE } from "./descriptors";
import { onHart, REMOTE_HFENCE_GVMA } from "./firmware";

/** Sv39x4: two bits more than a virtual address has. */
const GUEST_ADDRESS_BITS: u32 = 41;
const ROOT_TABLES: u32 = 4;

export function guestAddressBits(): u32 { return GUEST_ADDRESS_BITS; }

/** The root is of 16 KiB: 2,048 entries of 1 GiB. */
export function rootTables(bits: u32): u32 { return ROOT_TABLES; }

/**
 * Rights of a region's leaves. All accesses of a guest's are a user's there. W without R is none: the entry is reserved, and
 * each access a fault.
 */
export function leafOf(region: BlobRegion): u64 {
  let leaf = LEAF_USER;
  if ((region.access & REGION_READ) != 0) leaf |= LEAF_READ;
  if ((region.access & REGION_WRITE) != 0) leaf |= LEAF_WRITE;
  if ((region.access & REGION_EXECUTE) != 0) leaf |= LEAF_EXECUTE;
  return leaf;
}

/** The hart runs that partition's guest, and no other. VMID 0 is nobody's. */
export function enterGuestStage(partition: u32): void {
  csrw_hgatp(HGATP_SV39X4 | <u64>(partition + 1) << HGATP_VMID_SHIFT | stage2RootOf(partition) >> PAGE_SHIFT);
}

/**
 * Memory of the partition's is gone, on all harts, when this returns: none but its own has ever had translations of it. All of it
 * goes at once, by one HFENCE.GVMA: many addresses one by one are what HINVAL.GVMA (Svinval) would be quicker for.
 */
export function forgetTranslations(n: u32): void {
  const partition = partitionOf(n);
  fence();
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    const hart = vcpuOfPartition(partition, i).id;
    if (hart == ownHart()) hfenceGvma();
    else onHart(hart, REMOTE_HFENCE_GVMA);
  }
}

/** Its memory has been given and filled: none of its harts has translations of what was there before. What instructions they
 *  have they forget when they begin (reset.ts). */
export function renewMemory(n: u32): void { forgetTranslations(n); }
