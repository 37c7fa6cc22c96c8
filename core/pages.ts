// Which block of a stage-2 (or the hypervisor's own stage-1) translation comes next: the largest that fits. The format of an
// entry is the ISA's; that tables have 512 entries of 4 KiB, 2 MiB and 1 GiB is the same for all of ours.

export const PAGE_SHIFT: u32 = 12;
export const PAGE_BYTES: u64 = (<u64>1) << PAGE_SHIFT;
export const PAGE_MASK: u64 = PAGE_BYTES - 1;
export const BLOCK_2M_SHIFT: u32 = 21;
export const BLOCK_1G_SHIFT: u32 = 30;

/** log2 of the largest block that `from` and `to` are both aligned to and that is not longer than `bytes` (≥ 4 KiB). */
@inline export function blockShift(from: u64, to: u64, bytes: u64): u32 {
  const misaligned = from | to;
  if ((misaligned & (((<u64>1) << BLOCK_1G_SHIFT) - 1)) == 0 && bytes >> BLOCK_1G_SHIFT != 0) return BLOCK_1G_SHIFT;
  if ((misaligned & (((<u64>1) << BLOCK_2M_SHIFT) - 1)) == 0 && bytes >> BLOCK_2M_SHIFT != 0) return BLOCK_2M_SHIFT;
  return PAGE_SHIFT;
}
