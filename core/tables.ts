// Translation tables of three levels, 512 entries of 8 bytes each, for 1 GiB, 2 MiB and 4 KiB: the hypervisor's own and every
// partition's stage 2 have the same form, and differ in the attributes of a leaf only. What an entry looks like is the ISA's.
// Tables come from a fixed pool in linear memory, are filled at boot, and never change again, but for the valid bits of a stage 2
// that is taken away and given back (stage2.ts).

import {
  isTable, leafEntry, linearToPhysical, physicalRead64, physicalWrite64, tableEntry, tableOf,
} from "../build/generated/isa";
import { bound } from "../build/generated/cpu";
import { BLOCK_1G_SHIFT, BLOCK_2M_SHIFT, blockShift, PAGE_SHIFT } from "./pages";

const TABLE_BYTES: u32 = 4096;
export const POOL_TABLES: u32 = 94;
const POOL_BYTES: u32 = POOL_TABLES * TABLE_BYTES;
const INDEX_MASK: u64 = 511;

const LEAVES_MAX: u32 = 8192; // Leaves that one call may write: 16 GiB in blocks of 2 MiB

const pool: usize = memory.data(POOL_BYTES, TABLE_BYTES);
let tablesUsed: u32 = 0;

/** PA of `count` fresh tables, one after the other, aligned to their whole size (a power of two); 0: the pool is empty. */
export function allocateTables(count: u32): u64 {
  // The pool itself is aligned to a page only, and so is linear memory in the image: what counts is the PA.
  const poolPage = <u32>(linearToPhysical(pool) >> PAGE_SHIFT);
  const first = ((poolPage + tablesUsed + count - 1) & ~(count - 1)) - poolPage;
  if (first + count > POOL_TABLES) return 0;
  tablesUsed = first + count;
  return linearToPhysical(pool + first * TABLE_BYTES);
}

/** The table behind a slot, made if there is none; 0: the pool is empty. */
function nextTable(slot: u64): u64 {
  const entry = physicalRead64(slot);
  if (isTable(entry)) return tableOf(entry);
  const table = allocateTables(1);
  if (table != 0) physicalWrite64(slot, tableEntry(table));
  return table;
}

/**
 * Maps bytes from `from` (VA or IPA) to PA `to`, in the largest blocks that fit, in the tables whose level 1 begins at PA
 * `root`. All are multiples of 4 KiB. False: it is more than the pool has room for. Nothing of that is mapped otherwise: the blob
 * has been checked for overlaps before.
 */
export function mapRange(root: u64, from: u64, to: u64, bytes: u64, leaf: u64): bool {
  let slot: u64 = 0;
  let before: u32 = 0;
  for (let i: u32 = 0; bytes != 0; i++) {
    bound(i, LEAVES_MAX + 1);
    if (i == LEAVES_MAX) return false;
    const shift = blockShift(from, to, bytes);
    // The next block of the same size has the next entry, up to the end of the table.
    if (shift != before || slot % TABLE_BYTES == 0) slot = entryAt(root, from, shift);
    if (slot == 0) return false;
    physicalWrite64(slot, leafEntry(to, leaf, shift));
    slot += 8;
    before = shift;
    const size = (<u64>1) << shift;
    from += size;
    to += size;
    bytes -= size;
  }
  return true;
}

/** Maps one page, as mapRange does. */
export function mapPage(root: u64, from: u64, to: u64, leaf: u64): bool {
  const slot = entryAt(root, from, PAGE_SHIFT);
  if (slot != 0) physicalWrite64(slot, leafEntry(to, leaf, PAGE_SHIFT));
  return slot != 0;
}

/** PA of the entry for a block of 2^shift bytes; 0: the pool is empty. */
function entryAt(root: u64, from: u64, shift: u32): u64 {
  const level1 = root + ((from >> BLOCK_1G_SHIFT) << 3);
  if (shift == BLOCK_1G_SHIFT) return level1;
  const table2 = nextTable(level1);
  if (table2 == 0) return 0;
  const level2 = table2 + (((from >> BLOCK_2M_SHIFT) & INDEX_MASK) << 3);
  if (shift == BLOCK_2M_SHIFT) return level2;
  const table3 = nextTable(level2);
  return table3 == 0 ? 0 : table3 + (((from >> PAGE_SHIFT) & INDEX_MASK) << 3);
}
