// Entries of translation tables: Sv39, and Sv39x4 for guests, which has the same form (RISC-V privileged architecture, Sv39).
//
//   63 62  61 60    54 53                          10 9   8 7 6 5 4 3 2 1 0
//  ┌──┬──────┬────────┬──────────────────────────────┬─────┬─┬─┬─┬─┬─┬─┬─┬─┐
//  │N │ PBMT │ 0      │ PPN of the page, or the table │ RSW │D│A│G│U│X│W│R│V│   a table's entry has none of X, W, R
//  └──┴──────┴────────┴──────────────────────────────┴─────┴─┴─┴─┴─┴─┴─┴─┴─┘
//
// A and D are set from the start: whether hardware would set them is not asked. PBMT stays 0: what is a device is so by its
// address.

const PPN_SHIFT: u32 = 2; // from a PA, whose lowest 12 bits are 0
const PPN_MASK: u64 = 0x003ffffffffffc00;
export const ENTRY_VALID: u64 = 1 << 0;
export const LEAF_READ: u64 = 1 << 1;
export const LEAF_WRITE: u64 = 1 << 2;
export const LEAF_EXECUTE: u64 = 1 << 3;
export const LEAF_USER: u64 = 1 << 4;
const LEAF_ANY: u64 = LEAF_READ | LEAF_WRITE | LEAF_EXECUTE;
const LEAF_ACCESSED: u64 = 1 << 6;
const LEAF_DIRTY: u64 = 1 << 7;

@inline export function isTable(entry: u64): bool { return (entry & (ENTRY_VALID | LEAF_ANY)) == ENTRY_VALID; }
@inline export function tableOf(entry: u64): u64 { return (entry & PPN_MASK) << PPN_SHIFT; }
@inline export function tableEntry(table: u64): u64 { return table >> PPN_SHIFT | ENTRY_VALID; }
/** `leaf`: its rights. */
@inline export function leafEntry(pa: u64, leaf: u64, shift: u32): u64 {
  return pa >> PPN_SHIFT | leaf | LEAF_ACCESSED | LEAF_DIRTY | ENTRY_VALID;
}

// The hypervisor's own mappings, beside the ones that entry.S has made; core/ownMemory.ts makes them.
export const OWN_DEVICE: u64 = LEAF_READ | LEAF_WRITE;
export const OWN_MEMORY: u64 = LEAF_READ | LEAF_WRITE;
export const OWN_READ_ONLY: u64 = LEAF_READ;
