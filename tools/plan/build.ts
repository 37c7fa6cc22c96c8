// Builds a system: the core, the guests that come with the project, the plan, and the image that holds all of it.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { uartOf } from "../../partitions/blob/write.ts";
import type { Outcome, PlannedSystem } from "../../partitions/index.ts";
import type { Load } from "../../partitions/images/contents.ts";
import { isaOfPlan } from "../../partitions/plan/plan.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { generate, isUpToDate, pathsOf } from "../build/index.ts";
import { coreMemory, imageLayout, packImage } from "../build/pack.ts";
import { CORE_OF } from "../build/programs.ts";
import type { Program } from "../build/programs.ts";
import { withLock } from "../output/lock.ts";
import { type Content, writeTogether } from "../output/write.ts";
import { buildProvenCore, isProven } from "../verify/provenCore.ts";
import { planFile, planWhole } from "./file.ts";
import { claimProducts, type Places } from "./products.ts";
import { provide, provideApart, readyFiles } from "./provide.ts";
import type { Progress } from "./provide.ts";
import { soundSystem } from "./show.ts";

export interface BuiltSystem {
  /** Path of the image. */
  readonly image: string;
  readonly bytes: number;
  /** Image, plan, blob and device trees were there already, byte by byte: nothing has been written. */
  readonly isSame: boolean;
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
 * to be written; `taken`: what is read and written for it. `writeMore`: that, of the plan and the image.
 */
export async function buildSystem<T>(
  systemFile: string,
  image: string | undefined,
  progress: Progress,
  use: (built: BuiltSystem) => T | Promise<T>,
  inspect: (plan: Plan) => void = () => undefined,
  claimMore: (taken: readonly string[]) => void = () => undefined,
  writeMore: (plan: Plan, image: Load) => ReadonlyMap<string, Content> = () => new Map(),
): Promise<T> {
  // What is wrong with the file, and where nothing can be written, is said before anything is built.
  const images = await readyFiles();
  const before = planWhole(systemFile, images);
  const { deviceTrees, plan: expected } = soundSystem(before);
  inspect(expected);
  const core = CORE_OF[isaOfPlan(expected)];
  const ready = { core: isProven(core), images };
  const read = [...before.inputs, pathsOf(core).binary];
  const places = claimProducts(systemFile, image, [...deviceTrees.keys()], read);
  claimMore([...read, places.image, places.plan, places.blob, ...places.trees.values()]);
  return withLock(dirname(places.image), progress, async (hasWaited) => {
    const { planned, packed } = await makeImage(systemFile, before, core, hasWaited ? NOTHING : ready, progress);
    const isSame = !writeTogether(new Map([...products(places, planned, packed), ...writeMore(planned.plan, packed)]));
    return use({ image: places.image, bytes: packed.length, isSame, plan: planned.plan });
  });
}

/** The image alone, written nowhere. */
export async function packSystem(systemFile: string, progress: Progress): Promise<Uint8Array> {
  const images = await readyFiles();
  const before = planWhole(systemFile, images);
  const core = CORE_OF[isaOfPlan(soundSystem(before).plan)];
  return (await makeImage(systemFile, before, core, { core: isProven(core), images }, progress)).packed.bytes();
}

/** What a build would leave as it is. */
interface Ready {
  readonly core: boolean;
  /** Files of the project's own. */
  readonly images: ReadonlySet<string>;
}

const NOTHING: Ready = { core: false, images: new Set() };

async function makeImage(
  systemFile: string,
  before: Outcome,
  core: Program,
  ready: Ready,
  progress: Progress,
): Promise<{ planned: PlannedSystem; packed: Load }> {
  const isAllReady = ready.core && before.standardImages.every((file) => ready.images.has(file));
  if (isAllReady) progress("core and guests: up to date");
  else await buildParts(before, core, progress);
  const planned = isAllReady ? soundSystem(before, before.diagnostics) : soundSystem(planFile(systemFile), before.diagnostics);
  const { plan, blob, loads, missing } = planned;
  if (missing.length > 0) throw new GuestImageError(missing);
  const bytes = readFileSync(pathsOf(core).binary);
  const layout = imageLayout(
    coreMemory(core.isa, bytes),
    blob.length,
    loads.map(({ length }) => length),
  );
  const packed = packImage({
    isa: core.isa,
    core: bytes,
    blob,
    uart: uartOf(plan),
    loads: loads.map((data, index) => ({ data, size: data.length, offset: layout.loadOffsets[index] ?? 0 })),
  });
  return { planned, packed };
}

async function buildParts({ standardImages }: Outcome, core: Program, progress: Progress): Promise<void> {
  // The compiler works on one core, and longest on the hypervisor's: the guests are built beside that. What both of them
  // import is there before: a file that changes while it is being compiled makes the next build begin again.
  const isFresh = isUpToDate(core);
  if (!isFresh) await generate(core);
  const guests = isFresh ? undefined : provideApart(standardImages, progress);
  await buildProvenCore(progress, core);
  await guests;
  await provide(standardImages, progress);
}

function products(places: Places, { plan, blob, deviceTrees }: PlannedSystem, packed: Load): Map<string, Content> {
  const files = new Map<string, Content>();
  for (const [name, dts] of deviceTrees) {
    const place = places.trees.get(name);
    if (place !== undefined) files.set(place, dts());
  }
  files.set(places.blob, blob);
  files.set(places.plan, `${JSON.stringify(plan, null, 2)}\n`);
  files.set(places.image, packed);
  return files;
}
