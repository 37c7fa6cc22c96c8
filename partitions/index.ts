// system.yaml → plan, bytes to load, and everything that is wrong with it. This is the front door of the folder:
//
//   request.ts   what a person asks for, checked against schema.ts
//   check/       what can be said about it before anything is decided
//   plan/        decisions: memory, address spaces, interrupts, boot layout; proven by plan/prove.ts
//   devicetree/  what guests are told
//   blob/        what the hypervisor is told
//
// Deterministic: the same files always give the same plan.
import { dirname } from "node:path";
import { imageBeyondRam, treeTooLarge, unsound } from "./diagnostics/catalogue.ts";
import { Findings } from "./diagnostics/diagnostic.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { BLOB_MAX_BYTES } from "./blob/layout.table.ts";
import { blobSize, writeBlob } from "./blob/write.ts";
import { checkBandwidth } from "./check/bandwidth.ts";
import { checkProviders, checkRegions, checkUnits } from "./check/board-tree.ts";
import { checkCache } from "./check/cache.ts";
import { checkChannels, checkProcessImages, checkSpares } from "./check/channels.ts";
import { checkCpus, checkHousekeeper } from "./check/cpus.ts";
import { checkDevices } from "./check/devices.ts";
import { checkGuests } from "./check/guests.ts";
import { checkImagePlace, imageFiles, readImages, standardImages } from "./check/images.ts";
import type { GuestImages, StandardImages } from "./check/images.ts";
import { checkInit } from "./check/init.ts";
import { checkRoom } from "./check/room.ts";
import { checkTables } from "./check/tables.ts";
import { checkTagChannels } from "./check/tags.ts";
import { checkTelemetry } from "./check/telemetry.ts";
import { checkUpdateFits, checkUpdates } from "./check/update.ts";
import { checkTrust } from "./check/trust.ts";
import { readTree, treeFileOf } from "./devicetree/board-tree/file.ts";
import { shareTree } from "./devicetree/board-tree/share.ts";
import type { SharedTree } from "./devicetree/board-tree/share.ts";
import { compileTree, decompileTree } from "./devicetree/compile.ts";
import { seedOffset } from "./devicetree/seed.ts";
import { Load } from "./images/contents.ts";
import type { Contents } from "./images/contents.ts";
import { stretches } from "./images/guest-image.ts";
import { checkAddressSpace, planAddressSpace } from "./plan/address-space.ts";
import { checkFits, DEVICE_TREE_MAX, layoutBoot } from "./plan/boot.ts";
import { placeInImage } from "./plan/image.ts";
import type { ImagePlaces } from "./plan/image.ts";
import { memorySize, placeMemory } from "./plan/memory.ts";
import { isaOfPlan, LOAD_ALIGN, withPartitions } from "./plan/plan.ts";
import type { Plan } from "./plan/plan.ts";
import { decide } from "./plan/planner.ts";
import { prove } from "./plan/prove.ts";
import { DEFAULT_ISA } from "../boards/isa.ts";
import type { BoardIsa } from "../boards/isa.ts";
import type { Board } from "../boards/schema.ts";
import { readRequest } from "./request.ts";
import type { SystemRequest } from "./request.ts";
import { boardsIn, profilesIn } from "./shelf.ts";
import type { Shelf } from "./shelf.ts";
import { readFile } from "./source/file.ts";
import { lockPath } from "./tags/lock.ts";
import { planTags } from "./tags/plan.ts";
import type { PlannedTags } from "./tags/plan.ts";
import { YamlSource } from "./source/yaml.ts";
import { alignUp, contains, formatSpan, gapsOf, MIB, PAGE } from "./units.ts";

/** A hundred times what anybody has written. */
const SYSTEM_FILE_MAX = 4 * MIB;

/** How the image file is laid out is its packer's business: where blob and loads go, and how large it gets. */
export type LayoutImage = (blobSize: number, loadSizes: readonly number[], isa: BoardIsa) => ImagePlaces;

export interface PlannedSystem {
  readonly plan: Plan;
  readonly blob: Uint8Array;
  /** What the image holds for each load of the plan, partition by partition, a multiple of LOAD_ALIGN. */
  readonly loads: readonly Load[];
  /** Device tree sources by partition name, each made when it is asked for: dtc takes its time. */
  readonly deviceTrees: ReadonlyMap<string, () => string>;
  /** Partitions whose images are not built yet; with one of them, no image can be made of this. */
  readonly missing: readonly string[];
  readonly tags: PlannedTags;
}

export interface Outcome {
  /** Undefined: there are errors among the diagnostics. */
  readonly system: PlannedSystem | undefined;
  /** Images of the project's own that the guests get because system.yaml names none; paths relative to the project. */
  readonly standardImages: readonly string[];
  /** Relative to the project: the board's own device tree, which is needed, is not there, and can be fetched. */
  readonly missingTree: string | undefined;
  /** Who has what of the board's own device tree, errors or none. Undefined: nothing is known of it, or nobody is told of it. */
  readonly shared: SharedTree | undefined;
  /** Paths of all files that a plan of this may be made of, there or not: nothing may be written over them. */
  readonly inputs: readonly string[];
  /** Sorted by line. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the lines of the diagnostics refer to. */
  readonly source: YamlSource;
}

export function planSystem(
  systemPath: string,
  layoutImage: LayoutImage,
  standard: StandardImages = "as they are",
  givenBoards?: Shelf<Board>,
): Outcome {
  const bytes = readFile(systemPath, SYSTEM_FILE_MAX);
  const source = typeof bytes === "string" ? YamlSource.unreadable(systemPath, bytes) : YamlSource.of(systemPath, bytes);
  const findings = new Findings(source);
  findings.add(source.diagnostics);
  if (source.broken) {
    const nothing = { system: undefined, standardImages: [], missingTree: undefined, shared: undefined };
    return { ...nothing, inputs: [systemPath], diagnostics: findings.sorted, source };
  }
  const boardShelf = givenBoards ?? boardsIn(dirname(systemPath));
  let profileShelf = profilesIn(dirname(systemPath));
  const request = readRequest(source, boardShelf, (isa) => (profileShelf = profilesIn(dirname(systemPath), isa)), findings);
  const tags = planTags(systemPath, request.partitions, findings);
  const images = readImages(systemPath, request.partitions, standard, findings, request.board);
  const { blob, file, missing } = boardTree(request, standard, findings);
  const told = request.board && blob && shareTree(request.board, request.partitions, blob, findings);
  const system = planRequest({ ...request, ...told?.request }, images, told?.shared, layoutImage, findings);
  return {
    system: findings.hasErrors || system === undefined ? undefined : { ...system, tags },
    standardImages: standardImages(request.partitions),
    missingTree: missing,
    shared: told?.shared,
    inputs: [
      systemPath,
      ...boardShelf.files,
      ...profileShelf.files,
      ...imageFiles(systemPath, request.partitions),
      lockPath(systemPath),
      ...(file === undefined ? [] : [file]),
    ],
    diagnostics: findings.sorted,
    source,
  };
}

/** It is needed when a guest that takes a device tree has devices; where only a bridge asks, it need not be there. */
function boardTree(
  { board, partitions }: SystemRequest,
  standard: StandardImages,
  findings: Findings,
): { blob?: Uint8Array | undefined; file?: string; missing: string | undefined } {
  const file = board && treeFileOf(board);
  const isTold = partitions.some(({ fields, profile }) => profile?.device_tree && (fields.devices ?? []).length > 0);
  if (board === undefined || file === undefined || !isTold) return { missing: undefined };
  const blob = readTree(board, file, standard === "none" ? new Findings(findings.source) : findings);
  return { blob, file: file.path, missing: blob === undefined && standard !== "none" ? file.fetched : undefined };
}

function planRequest(
  request: SystemRequest,
  images: ReadonlyMap<string, GuestImages>,
  shared: SharedTree | undefined,
  layoutImage: LayoutImage,
  findings: Findings,
): Omit<PlannedSystem, "tags"> | undefined {
  const { board, partitions, channels } = request;
  checkCpus(board, partitions, findings);
  checkDevices(board, partitions, findings);
  checkChannels(partitions, channels, findings);
  checkProcessImages(partitions, channels, findings);
  checkTagChannels(partitions, channels, findings);
  if (board === undefined) return undefined;
  if (shared !== undefined) {
    checkUnits(board, partitions, findings);
    checkProviders(shared, partitions, findings);
  }
  checkGuests(board, partitions, findings);
  checkTrust(board, partitions, findings);
  checkInit(board, partitions, findings);
  checkTelemetry(request, findings);
  checkUpdates(request.partitions, findings);
  checkSpares(board, partitions, channels, findings);
  checkCache(board, partitions, findings);
  checkBandwidth(board, partitions, findings);

  const image = { base: board.boot.image, size: largestImage(request, images, layoutImage) };
  const free = gapsOf(board.ram, board.reserved).find(({ base, size }) => base <= image.base && image.base < base + size);
  if (free !== undefined && !contains(free, image))
    findings.report(["board"], imageBeyondRam(formatSpan(image), formatSpan(free)));
  const memory = placeMemory(board, image, partitions, channels, findings);
  const spaces = partitions.map((partition) => planAddressSpace(board, memory, partition, channels));
  checkTables(board, image, partitions, spaces, findings);
  for (const [index, partition] of partitions.entries()) {
    const space = spaces[index];
    if (space === undefined) continue;
    checkRegions(partition, space, findings);
    checkAddressSpace(board, partition, space, findings);
    const found = images.get(partition.name);
    const size = memorySize(partition);
    const ipa = space.regions.find(({ kind }) => kind === "ram")?.ipa;
    if (found === undefined || size === undefined || ipa === undefined) continue;
    if (!checkImagePlace(partition, found.image, { base: ipa, size }, findings)) continue;
    checkFits(partition, layoutBoot(found, partition.profile?.device_tree !== undefined, ipa), size, findings);
    checkUpdateFits(partition, found, ipa, size, findings);
  }
  checkHousekeeper(board, partitions, findings);
  if (findings.hasErrors) return undefined;
  return finish(request, images, decide(board, request, memory, images, shared), layoutImage, findings);
}

/** Device trees and blob are not written yet: so both at their largest. An image larger than its RAM is refused later. */
function largestImage(
  { board, partitions }: SystemRequest,
  images: ReadonlyMap<string, GuestImages>,
  layoutImage: LayoutImage,
): number {
  const sizes = partitions.flatMap((partition) => {
    const found = images.get(partition.name);
    if (found === undefined) return [];
    const image = stretches(found.image.parts).map(({ load }) => load.length);
    return [...image, found.initrd?.length ?? 0];
  });
  const trees = partitions.filter(({ profile }) => profile?.device_tree !== undefined).map(() => DEVICE_TREE_MAX);
  const padded = [...sizes, ...trees].map((size) => alignUp(size, LOAD_ALIGN));
  return alignUp(layoutImage(BLOB_MAX_BYTES, padded, board?.isa ?? DEFAULT_ISA).total, PAGE);
}

function finish(
  { partitions }: SystemRequest,
  images: ReadonlyMap<string, GuestImages>,
  { plan: open, deviceTrees }: ReturnType<typeof decide>,
  layoutImage: LayoutImage,
  findings: Findings,
): Omit<PlannedSystem, "tags"> | undefined {
  const loads: Load[] = [];
  const unplaced = withPartitions(open, (partition, index) => {
    const found = images.get(partition.name);
    const tree = deviceTrees[index];
    const compiled = typeof tree === "string" ? compileTree(tree) : tree;
    const pieces = found === undefined ? [] : stretches(found.image.parts);
    const whole = (contents: Contents = new Uint8Array()): Load => new Load(contents.length, [{ at: 0, contents }]);
    const sized = partition.loads.map((planned) => {
      const load = planned.name === "image" ? pieces.shift()?.load : whole(planned.name === "initrd" ? found?.initrd : compiled);
      loads.push(load ?? whole());
      return planned.name === "device tree" ? { ...planned, size: compiled?.length ?? 0 } : planned;
    });
    if (compiled !== undefined && compiled.length > DEVICE_TREE_MAX)
      findings.report(partitions[index]?.path ?? [], treeTooLarge(compiled.length, DEVICE_TREE_MAX), "key");
    const offset = compiled && seedOffset(compiled);
    const seed = partition.argument === 0 || offset === undefined ? 0 : partition.argument + offset;
    return { loads: sized, seed };
  });

  checkRoom(open, findings);
  if (findings.hasErrors) return undefined;
  const size = blobSize(unplaced);
  const layout = layoutImage(
    size,
    loads.map((load) => load.length),
    isaOfPlan(unplaced),
  );
  const plan = placeInImage(unplaced, layout, size);
  const missing = partitions.map(({ name }) => name).filter((name) => !images.has(name));
  for (const { reason } of prove(plan, missing)) findings.report(["partitions"], unsound(reason), "key");
  const named = plan.partitions.flatMap(({ name }, index) => {
    const tree = deviceTrees[index];
    return tree === undefined ? [] : [[name, () => (typeof tree === "string" ? tree : decompileTree(tree))] as const];
  });
  return {
    plan,
    blob: writeBlob(plan),
    loads,
    deviceTrees: new Map(named),
    missing,
  };
}
