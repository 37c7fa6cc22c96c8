// Where in the image what partitions load is. Known last: device trees and blob have to be there first.
import { alignUp, PAGE } from "../units.ts";
import { withPartitions } from "./plan.ts";
import type { Plan } from "./plan.ts";

/** Offsets in the image, and its size. */
export interface ImagePlaces {
  readonly blobOffset: number;
  /** Partition by partition, in the plan's order. */
  readonly loadOffsets: readonly number[];
  readonly total: number;
}

export function placeInImage(plan: Plan, { blobOffset, loadOffsets, total }: ImagePlaces, blobSize: number): Plan {
  const sources = [...loadOffsets];
  const placed = withPartitions(plan, ({ loads }) => ({
    loads: loads.map((load) => ({ ...load, source: sources.shift() ?? 0 })),
  }));
  const image = { ...plan.image, size: alignUp(total, PAGE), loadsFrom: blobOffset + blobSize };
  return { ...placed, image };
}
