// Proves of a finished plan what blob/promises.table.ts promises: that its partitions are disjoint and each of them
// well formed. It reads the plan only, and shares no code with what made it (not even the overlap test): two mistakes
// would have to agree to get by. Every plan goes through here before anything is built from it. The core checks the
// same of the blob, at boot.
import type { Plan } from "./plan.ts";
import { proveBoard, proveCpus } from "./prove-board.ts";
import { proveCache } from "./prove-cache.ts";
import { proveFirmware } from "./prove-firmware.ts";
import { proveInterrupts } from "./prove-interrupts.ts";
import { proveMemory } from "./prove-memory.ts";
import { provePartition, proveTagCopies, proveTelemetry } from "./prove-partition.ts";
import { proveUpdate } from "./prove-update.ts";
import type { Violation } from "./violation.ts";

/** What is wrong with it; empty: proven. `missing`: partitions whose images are not there, so that no image is made of it. */
export function prove(plan: Plan, missing: readonly string[] = []): Violation[] {
  return [
    ...proveBoard(plan),
    ...proveFirmware(plan),
    ...proveCpus(plan),
    ...proveMemory(plan),
    ...proveInterrupts(plan),
    ...proveCache(plan),
    ...proveTagCopies(plan),
    ...proveTelemetry(plan),
    ...proveUpdate(plan, missing),
    ...plan.partitions.flatMap((partition) => provePartition(plan, partition)),
  ];
}
