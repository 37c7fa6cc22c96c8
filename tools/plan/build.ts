// Builds a system: the core, the guests that come with the project, the plan, and the image that holds all of it.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Outcome, PlannedSystem } from "../../partitions/index.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { generate, isUpToDate } from "../build/index.ts";
import { imageLayout, packImage } from "../build/pack.ts";
import { CORE } from "../build/programs.ts";
import { withLock } from "../output/lock.ts";
import { writeTogether } from "../output/write.ts";
import { buildProvenCore } from "../verify/provenCore.ts";
import { CORE_BINARY, planFile } from "./file.ts";
import { claimProducts, type Places } from "./products.ts";
import { provide, provideApart } from "./provide.ts";
import type { Progress } from "./provide.ts";
import { soundSystem } from "./show.ts";

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

/**
 * `image`: undefined: in its standard place. `use`: what is done with the products while nobody else can replace them.
 * `inspect`: what else must be right with the plan before anything is built; throws when it is not. `claimMore`: what else is
 * to be written; `taken`: what is read and written for it.
 */
export async function buildSystem<T>(
  systemFile: string,
  image: string | undefined,
  progress: Progress,
  use: (built: BuiltSystem) => T | Promise<T>,
  inspect: (plan: Plan) => void = () => undefined,
  claimMore: (taken: readonly string[]) => void = () => undefined,
): Promise<T> {
  // What is wrong with the file, and where nothing can be written, is said before anything is built.
  const before = planFile(systemFile, "to be built");
  const { deviceTrees, plan: expected } = soundSystem(before);
  inspect(expected);
  const read = [...before.inputs, CORE_BINARY];
  const places = claimProducts(systemFile, image, [...deviceTrees.keys()], read);
  claimMore([...read, places.image, places.plan, places.blob, ...places.trees.values()]);
  return withLock(dirname(places.image), progress, async () => {
    const { planned, packed } = await makeImage(systemFile, before, progress);
    writeProducts(places, planned, packed);
    return use({ image: places.image, bytes: packed.length, plan: planned.plan });
  });
}

/** The image alone, written nowhere. */
export async function packSystem(systemFile: string, progress: Progress): Promise<Uint8Array> {
  const before = planFile(systemFile, "to be built");
  soundSystem(before);
  return (await makeImage(systemFile, before, progress)).packed;
}

async function makeImage(
  systemFile: string,
  { standardImages, diagnostics }: Outcome,
  progress: Progress,
): Promise<{ planned: PlannedSystem; packed: Uint8Array }> {
  // The compiler works on one core, and longest on the hypervisor's: the guests are built beside that. What both of them
  // import is there before: a file that changes while it is being compiled makes the next build begin again.
  const isFresh = isUpToDate(CORE);
  if (!isFresh) await generate(CORE);
  const guests = isFresh ? undefined : provideApart(standardImages, progress);
  const { binary } = await buildProvenCore(progress);
  await guests;
  await provide(standardImages, progress);
  const planned = soundSystem(planFile(systemFile), diagnostics);
  const { plan, blob, loads, missing } = planned;
  if (missing.length > 0) throw new GuestImageError(missing);
  const core = readFileSync(binary);
  const layout = imageLayout(
    core.length,
    blob.length,
    loads.map(({ length }) => length),
  );
  const packed = packImage({
    isa: CORE.isa,
    core,
    blob,
    uart: BigInt(plan.uart.address),
    loads: loads.map((data, index) => ({ data, size: data.length, offset: layout.loadOffsets[index] ?? 0 })),
  });
  return { planned, packed };
}

function writeProducts(places: Places, { plan, blob, deviceTrees }: PlannedSystem, packed: Uint8Array): void {
  const files = new Map<string, Uint8Array | string>();
  for (const [name, dts] of deviceTrees) {
    const place = places.trees.get(name);
    if (place !== undefined) files.set(place, dts);
  }
  files.set(places.blob, blob);
  files.set(places.plan, `${JSON.stringify(plan, null, 2)}\n`);
  files.set(places.image, packed);
  writeTogether(files);
}
