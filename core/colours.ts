// Page colours: which pages of a stretch of memory have a colour of a mask. A cache that all pCPUs share, indexed by PA, puts
// pages of different colours into different sets, so two partitions without a common colour never evict each other's lines.
//
//   PA:   ┌──────────────────────┬────────┬─────────────┐
//         │                      │ colour │ byte in page│   colour: log2(colourCount) bits from bit 12 on
//         └──────────────────────┴────────┴─────────────┘

import { BlobRegion, header } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { BLOCK_2M_SHIFT, PAGE_SHIFT } from "./pages";

export const MAX_COLOURS: u32 = 32;
export const BLOCK_2M: u64 = (<u64>1) << BLOCK_2M_SHIFT;

/** Bytes from a region's first PA to behind its last: those of all colours, where it has only some, in whole 2 MiB blocks. */
export function spanOf(region: BlobRegion): u64 {
  if (region.colours == 0) return region.size;
  const own = <u64>popcnt(region.colours);
  const rounds = ((region.size >> PAGE_SHIFT) + own - 1) / own;
  return (((rounds * header().colourCount) << PAGE_SHIFT) + BLOCK_2M - 1) & ~(BLOCK_2M - 1);
}

/** Bit n: the page n behind `pa` (4 KiB aligned) has a colour of the mask. */
@inline function turnedTo(pa: u64, mask: u32): u64 {
  const count = header().colourCount;
  return (<u64>mask | <u64>mask << count) >> ((pa >> PAGE_SHIFT) & (count - 1));
}

/** PA of the first page at or behind `pa` (4 KiB aligned) that has a colour of the mask. */
@inline export function nextColoured(pa: u64, mask: u32): u64 { return pa + (<u64>ctz(turnedTo(pa, mask)) << PAGE_SHIFT); }

/** PA of page `index` of a coloured region. */
export function colouredPage(region: BlobRegion, index: u64): u64 {
  const own = <u64>popcnt(region.colours);
  const round = region.pa + (((index / own) * header().colourCount) << PAGE_SHIFT);
  let turned = turnedTo(round, region.colours);
  for (let i: u32 = 0; i < <u32>(index % own); i++, turned &= turned - 1) bound(i, MAX_COLOURS);
  return round + (<u64>ctz(turned) << PAGE_SHIFT);
}
