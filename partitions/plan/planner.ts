// Puts the plan together from what a request asks for and the decisions of its neighbours here. Called with a request
// that the checks had nothing to say against; so nothing is reported any more.
import type { Board } from "../../boards/schema.ts";
import type { GuestImages } from "../check/images.ts";
import { freePhandles, guestBlob, ownPhandles } from "../devicetree/board-tree/guest-blob.ts";
import type { SharedTree } from "../devicetree/board-tree/share.ts";
import { guestTree, ownTree } from "../devicetree/guest-tree.ts";
import type { TreeRequest } from "../devicetree/guest-tree.ts";
import { MAILBOX_SIZE } from "../../core/abi.ts";
import { isaOf, pcpusOf } from "../isas.ts";
import type { ChannelRequest, PartitionRequest, SystemRequest } from "../request.ts";
import { guestAddressBits, planAddressSpace } from "./address-space.ts";
import { planBandwidth } from "./bandwidth.ts";
import { layoutBoot } from "./boot.ts";
import type { BootLayout } from "./boot.ts";
import { sharedCache } from "./cache.ts";
import { planExits } from "./exits.ts";
import { chooseHousekeeper } from "./housekeeper.ts";
import { planInits } from "./inits.ts";
import { assignSpares, planDevices, planInterrupts } from "./interrupts.ts";
import type { SpareInterrupts } from "./interrupts.ts";
import { planMatch } from "./match.ts";
import type { MemoryPlan } from "./memory.ts";
import { bytesBehindMailbox, planTagImage } from "./tag-images.ts";
import { carriesImage, carriesTags, channelsOf } from "./channels.ts";
import type { CommonPlan, Plan, PlannedChannelEnd, PlannedCpu, PlannedLoad, PlannedPartition } from "./plan.ts";
import { planUart } from "./uart.ts";
import { planWatchdog } from "./watchdog.ts";

/** One tick drains at most a FIFO of the UART: often enough for a console, seldom enough to cost nothing. */
const TICK_MICROSECONDS = 1000;
/** Twice a second: a table that people watch. */
const TELEMETRY_MILLISECONDS = 500;

/** What profiles call that tag. */
const OVERRUNS = "overruns";

export interface PartitionDecisions {
  readonly partition: PlannedPartition;
  /** Its device tree, as source or, where it is made of the board's own, as blob; undefined: it takes none. */
  readonly deviceTree: string | Uint8Array | undefined;
}

export interface Decisions {
  readonly plan: Plan;
  /** By partition, as in the plan; undefined: it takes none. */
  readonly deviceTrees: readonly PartitionDecisions["deviceTree"][];
}

/** `images`: by partition name. Loads of a partition whose images are not built are left out. */
export function decide(
  board: Board,
  system: SystemRequest,
  memory: MemoryPlan,
  images: ReadonlyMap<string, GuestImages>,
  shared: SharedTree | undefined,
): Decisions {
  const spares = assignSpares(board, system.partitions, system.channels);
  const decided = system.partitions.map((partition) =>
    decidePartition(board, system, memory, spares, partition, images.get(partition.name), shared),
  );
  const partitions = decided.map(({ partition }) => partition);
  const housekeeper = chooseHousekeeper(board, system.partitions);
  if (housekeeper === undefined) throw new TypeError("a system was planned although no pCPU can keep house in it");
  const plan = ofItsIsa({
    ...planBoard(board),
    ...(system.version === undefined ? {} : { version: system.version }),
    inits: planInits(system.partitions),
    healthyMicroseconds: system.trial.healthyAfter,
    commitMicroseconds: system.trial.commitWithin,
    housekeeper: housekeeper.cpu,
    cpus: planCpus(board, partitions),
    partitions,
    ...planUpdate(system, memory, partitions),
  });
  return { plan, deviceTrees: decided.map(({ deviceTree }) => deviceTree) };
}

/** Whose machine it has, which the board's ISA has planned, as it has its pCPUs and partitions: nobody mixes them. */
const ofItsIsa = (plan: CommonPlan): Plan => plan as Plan;

/** What of every plan for a board is the same: a system without a partition. */
export function planBoard(board: Board): Plan {
  const cache = sharedCache(board);
  return ofItsIsa({
    board: board.name,
    image: { base: board.boot.image, size: 0, loadsFrom: 0 },
    ram: board.ram,
    reserved: board.reserved,
    ipaBits: guestAddressBits(board),
    ...isaOf(board).planMachine(board, cache.line),
    cache,
    uart: planUart(board.uart),
    watchdog: planWatchdog(board),
    firmwareTree: { expected: board.boot.dtb === undefined, matches: board.match.map(planMatch) },
    inits: [],
    housekeeper: 0,
    tickMicroseconds: TICK_MICROSECONDS,
    telemetryMilliseconds: TELEMETRY_MILLISECONDS,
    healthyMicroseconds: 0,
    commitMicroseconds: 0,
    cpus: planCpus(board, []),
    partitions: [],
  });
}

/** Nothing, where no partition is updated by itself. */
function planUpdate(
  { partitions, channels }: SystemRequest, { staging }: MemoryPlan, planned: readonly PlannedPartition[],
): Pick<Plan, "update"> {
  const partition = partitions.findIndex(({ fields }) => fields.update !== undefined);
  const update = partitions[partition]?.fields.update;
  const bringer = partitions.findIndex(({ name }) => name === update?.from);
  const [from, mailbox] = [partitions[bringer], planned[bringer]?.mailbox];
  if (update === undefined || staging === undefined || from === undefined || mailbox === undefined) return {};
  const ring = mailbox + MAILBOX_SIZE + bytesBehindMailbox(from, channels);
  const { key, size, version } = update;
  return { update: { partition, bringer, staging: staging.base, size, ring, key, version } };
}

function planCpus(board: Board, partitions: readonly PlannedPartition[]): PlannedCpu[] {
  return pcpusOf(board).map((cpu) => {
    const owner = partitions.findIndex(({ cpus }) => cpus.includes(cpu));
    return {
      ...isaOf(board).planCpu(board, cpu),
      partition: owner < 0 ? null : owner,
      vcpu: Math.max(0, partitions[owner]?.cpus.indexOf(cpu) ?? 0),
    };
  });
}

function decidePartition(
  board: Board,
  system: SystemRequest,
  memory: MemoryPlan,
  spares: SpareInterrupts,
  request: PartitionRequest,
  images: GuestImages | undefined,
  shared: SharedTree | undefined,
): PartitionDecisions {
  const { name, fields, profile } = request;
  const isa = isaOf(board);
  const space = planAddressSpace(board, memory, request, system.channels);
  const devices = planDevices(board, request);
  const ram = space.regions.find(({ kind }) => kind === "ram");
  if (profile === undefined || fields.cpus === undefined || ram === undefined) {
    throw new TypeError(`partition "${name}" was planned although it is incomplete`);
  }
  const boot = images && layoutBoot(images, profile.device_tree !== undefined, ram.ipa);
  const loads = boot === undefined ? [] : planLoads(boot, ram);
  const tree = loads.find((load) => load.name === "device tree");
  const partition: PlannedPartition = {
    name,
    guest: profile.name,
    realtime: profile.realtime,
    autostart: fields.autostart === true,
    prints: profile.prints && speaks(fields.cmdline),
    pmu: fields.pmu === true,
    ...isa.planCounting(),
    direct: fields.interrupts === "direct",
    exits: planExits(board, request),
    ...isa.planTrust(fields.trust?.includes("sgi") === true, profile),
    ownClock: fields.clock === "own",
    onFailure: fields.on_failure ?? "stop",
    cpus: fields.cpus,
    entry: ram.ipa + (boot?.entry ?? 0),
    argument: tree?.ipa ?? 0,
    seed: 0,
    ...space.windows,
    console: space.console,
    consoleInterrupt: spares.console(name),
    telemetry: fields.telemetry === true,
    commits: fields.commits === true,
    controls: (fields.controls ?? []).map((other) => system.partitions.findIndex((each) => each.name === other)),
    mailbox: space.regions.find(({ kind }) => kind === "mailbox")?.ipa ?? 0,
    tagImage: planTagImage(request, system, space.regions),
    watchdogMicroseconds: fields.watchdog ?? 0,
    ways: fields.cache?.ways ?? [],
    bandwidth: planBandwidth(sharedCache(board), request),
    ...isa.planPrivate(board, fields.pmu === true),
    regions: space.regions,
    interrupts: planInterrupts(board, request, devices, system.channels, spares),
    devices,
    loads,
    channels: planChannels(system, request, space.regions, spares),
    tags: profile.tags,
    overrunTag: profile.tags.findIndex(({ name }) => name === OVERRUNS) + 1,
  };
  if (profile.device_tree === undefined) return { partition, deviceTree: undefined };
  const disk = loads.find((load) => load.name === "initrd");
  const asked = {
    board,
    partition,
    cmdline: fields.cmdline ?? profile.device_tree.cmdline,
    initrd: disk && { start: disk.ipa, end: disk.ipa + disk.size },
  };
  return { partition, deviceTree: shared === undefined ? guestTree(asked) : treeOfBoard(asked, system, shared) };
}

function treeOfBoard(asked: TreeRequest, { partitions }: SystemRequest, shared: SharedTree): Uint8Array | undefined {
  const index = partitions.findIndex(({ name }) => name === asked.partition.name);
  const closure = shared.closures[index];
  if (closure === undefined) return undefined;
  const free = freePhandles(shared.tree);
  const own = ownTree(asked, ownPhandles(shared.tree, free));
  return guestBlob(shared.tree, closure, shared.losses[index] ?? [], own, free);
}

/** A command line of one's own may name no console, or have it quiet; then its silence says nothing. */
const speaks = (cmdline: string | undefined): boolean =>
  cmdline === undefined || (/\bconsole=/.test(cmdline) && !/\b(quiet|loglevel=)/.test(cmdline));

/**
 * Where loads are in the image, and the device tree's size, are not known before that is compiled, and it cannot be
 * compiled before the rest is placed.
 */
function planLoads(boot: BootLayout, ram: { readonly ipa: number }): PlannedLoad[] {
  const load = (name: PlannedLoad["name"], offset: number, size: number, zeros?: number): PlannedLoad => ({
    name,
    source: 0,
    ipa: ram.ipa + offset,
    size,
    ...(zeros === undefined ? {} : { zeros }),
  });
  const loads = boot.image.map(({ offset, size, zeros }) => load("image", offset, size, zeros));
  if (boot.initrd !== undefined) loads.push(load("initrd", boot.initrd.offset, boot.initrd.size));
  if (boot.deviceTree !== undefined) loads.push(load("device tree", boot.deviceTree.offset, 0));
  return loads;
}

function planChannels(
  system: SystemRequest,
  request: PartitionRequest,
  regions: readonly { readonly name: string; readonly kind: string; readonly ipa: number; readonly size: number }[],
  spares: SpareInterrupts,
): PlannedChannelEnd[] {
  const { name } = request;
  const ends = (channel: ChannelRequest): PlannedChannelEnd[] => {
    const partner = channel.fields.between?.find((other) => other !== name);
    const region = regions.find((each) => each.kind === "channel" && each.name === channel.name);
    if (partner === undefined || region === undefined) return [];
    return [
      {
        name: channel.name,
        ipa: region.ipa,
        size: region.size,
        peer: system.partitions.findIndex((partition) => partition.name === partner),
        doorbell: spares.doorbell(channel.name, partner),
        interrupt: spares.doorbell(channel.name, name),
        carriesImage: carriesImage(channel, system.partitions, system.channels),
        carriesTags: carriesTags(channel),
      },
    ];
  };
  return channelsOf(request, system.channels).flatMap(ends);
}
