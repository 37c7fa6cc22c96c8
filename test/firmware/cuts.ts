// What a disk may hold after the power has failed in one of its writes.
import { SECTOR } from "../../tools/firmware/disk/sectors.ts";
import type { Random } from "../hostile/random.ts";
import { RecordingDisk } from "./deployDisks.ts";
import type { DiskStep } from "./deployDisks.ts";

/** Of what may be left of the writes before a cut. */
export const VARIANTS = 6;

/** Of the writes since the last flush some may have been done, in any order; the last one, which was cut off, in part. */
export function* afterCuts(base: Uint8Array, steps: readonly DiskStep[], random: Random): Generator<RecordingDisk> {
  let flushed = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind === "flush") {
      flushed = index;
      continue;
    }
    for (let variant = 0; variant < VARIANTS; variant++) {
      const disk = new RecordingDisk(base);
      for (const [at, earlier] of steps.slice(0, index).entries())
        if (earlier.kind === "write" && (at < flushed || variant === 0 || (variant > 1 && random.chance(1, 2))))
          disk.write(earlier.sector, earlier.bytes);
      const before = disk.read(step.sector, 1);
      const from = random.below(SECTOR);
      const torn = step.bytes.map((byte, at) => (at < from ? byte : variant % 2 === 0 ? (before[at] ?? 0) : random.below(256)));
      disk.write(step.sector, variant === VARIANTS - 1 ? step.bytes : torn);
      yield disk;
    }
  }
}
