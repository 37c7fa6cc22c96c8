// Builds a system: the core, the guests that come with the project, the plan, and the image that holds all of it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plan } from "../../partitions/plan/plan.ts";
import { writeAtomically } from "../build/files.ts";
import { imageLayout, packImage } from "../build/pack.ts";
import { buildProvenCore } from "../verify/provenCore.ts";
import { planFile } from "./file.ts";
import { provide } from "./provide.ts";
import type { Progress } from "./provide.ts";
import { soundSystem } from "./show.ts";

/** Names of what is written beside the image. */
export const PLAN_FILE = "plan.json";
export const BLOB_FILE = "system.blob";

export interface BuiltSystem {
  /** Path of the image. */
  readonly image: string;
  readonly bytes: number;
  readonly plan: Plan;
}

/** A guest's image was not there after everything had been built. */
export class GuestImageError extends Error {
  readonly code = "AXV-P101";

  constructor(partitions: readonly string[]) {
    super(
      `nothing here builds the image of ${partitions.join(" and ")}: name one with \`image:\` in the system's file`,
    );
    this.name = "GuestImageError";
  }
}

export async function buildSystem(systemFile: string, image: string, progress: Progress): Promise<BuiltSystem> {
  // What is wrong with the file is said before anything is built.
  const before = planFile(systemFile, "to be built");
  soundSystem(before);
  const { binary } = await buildProvenCore(progress);
  await provide(before.standardImages, progress);

  const { plan, blob, loads, deviceTrees, missing } = soundSystem(planFile(systemFile));
  if (missing.length > 0) throw new GuestImageError(missing);
  const core = readFileSync(binary);
  const layout = imageLayout(
    core.length,
    blob.length,
    loads.map(({ length }) => length),
  );
  const packed = packImage({
    core,
    blob,
    uart: BigInt(plan.uart.address),
    loads: loads.map((data, index) => ({ data, size: data.length, offset: layout.loadOffsets[index] ?? 0 })),
  });

  const beside = (name: string): string => join(dirname(image), name);
  for (const [name, dts] of deviceTrees) writeAtomically(beside(`${name}.dts`), dts);
  writeAtomically(beside(BLOB_FILE), blob);
  writeAtomically(beside(PLAN_FILE), `${JSON.stringify(plan, null, 2)}\n`);
  writeAtomically(image, packed);
  return { image, bytes: packed.length, plan };
}
