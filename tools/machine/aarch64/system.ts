// Systems for the tests: plans made by hand, small enough to see through, and written by the planner's own blob writer. The
// standard one is the demo in small: a partition of two vCPUs, one of one vCPU, a channel between them, a spare pCPU.
import { writeBlob } from "../../../partitions/blob/write.ts";
import type { OnFailure, Plan, PlannedBandwidth, PlannedChannelEnd, PlannedDevice, PlannedInterrupt, PlannedLoad, PlannedPartition, PlannedRegion, PlannedTagImage } from "../../../partitions/plan/plan.ts";
import { qemuVirt } from "./board.ts";
import type { Board } from "./board.ts";
import { GUEST_GICC } from "./gicDriver.ts";
import { INTERFACE_BYTES } from "./gic/gicv2Registers.ts";
import type { Range } from "../memory.ts";
import { EVENT_L2D_CACHE_REFILL } from "./pmu.ts";

const MIB = 0x10_0000;

/** What a test may want otherwise about a partition; the rest follows. */
export interface PartitionSpec {
  readonly name: string;
  readonly cpus: readonly number[];
  readonly regions: readonly PlannedRegion[];
  readonly interrupts: readonly PlannedInterrupt[];
  /** INTID of its console, one of `interrupts`; 0: it has none. */
  readonly consoleInterrupt: number;
  readonly channels?: readonly PlannedChannelEnd[];
  readonly onFailure?: OnFailure;
  readonly tagImage?: PlannedTagImage;
  readonly watchdogMicroseconds?: number;
  readonly autostart?: boolean;
  readonly pmu?: boolean;
  readonly countEl2?: boolean;
  readonly direct?: boolean;
  readonly trustedSgi?: boolean;
  readonly ownClock?: boolean;
  readonly probesPriority?: boolean;
  /** It reads along what leaves by the UART. */
  readonly telemetry?: boolean;
  /** Partitions that it may command. */
  readonly controls?: readonly number[];
  readonly ways?: readonly number[];
  readonly bandwidth?: PlannedBandwidth;
  /** Device registers written when it stops. */
  readonly quiesce?: readonly { readonly pa: number; readonly value: number }[];
  /** Offset of its device tree's rng-seed in its first region. */
  readonly seed?: number;
  /** Bytes loaded into its first region. */
  readonly image?: Uint8Array;
  /** Zeros behind those, more than a page. */
  readonly zeros?: number;
}

export interface SystemSpec {
  readonly board: Board;
  readonly housekeeper: number;
  readonly partitions: readonly PartitionSpec[];
  /** What bandwidth is measured by, if not by refills of the L2 cache. */
  readonly refillEvent?: number;
  readonly busAccesses?: number;
  /** Bits of an IPA that the plan makes use of, if not 40. */
  readonly ipaBits?: number;
}

/** Where a partition sees its emulated devices. */
export const GUEST_GICD = 0x0800_0000;
export const GUEST_GICR = 0x080a_0000;
export const GUEST_UART = 0x0900_0000;
export { GUEST_GICC };
/** Page colours of the last-level cache, and way groups of a cluster that has them. */
export const COLOURS = 16;
const WAY_GROUPS = 4;
/** As the simulated pCPUs' ID_AA64MMFR0_EL1 says. */
const IPA_BITS = 40;
const PAGE = 4096;
export const TICK_MICROSECONDS = 1000;
export const TELEMETRY_MILLISECONDS = 100;
export const ENTRY_OFFSET = 0x8_0000;

export const ram = (ipa: number, pa: number, size: number): PlannedRegion => ({ name: "memory", ipa, pa, size, kind: "ram", access: "rwx" });
export const device = (address: number, size: number): PlannedRegion => ({ name: "device", ipa: address, pa: address, size, kind: "device", access: "rw" });
export const mailbox = (ipa: number, pa: number, size = 0x1000): PlannedRegion => ({ name: "mailbox", ipa, pa, size, kind: "mailbox", access: "rw" });
export const shared = (ipa: number, pa: number, access = "rw"): PlannedRegion => ({ name: "channel", ipa, pa, size: 0x1000, kind: "channel", access });
export const level = (intid: number): PlannedInterrupt => ({ intid, trigger: "level", use: "spis" });
export const edge = (intid: number): PlannedInterrupt => ({ intid, trigger: "edge", use: "spis" });

/** Partition 0 of the standard system: identity mapped, as Linux with its DMA devices is. */
export const LINUX: PartitionSpec = {
  name: "linux",
  cpus: [0, 1],
  regions: [ram(0x6000_0000, 0x6000_0000, 32 * MIB), device(0x0a00_0000, 0x4000), shared(0x7000_0000, 0x5000_0000)],
  interrupts: [level(48), level(49), edge(50), edge(232), edge(233)],
  consoleInterrupt: 232,
  channels: [{ name: "process", ipa: 0x7000_0000, size: 0x1000, peer: 1, doorbell: 235, interrupt: 233, carriesImage: false, carriesTags: false }],
  onFailure: "stop",
  quiesce: [{ pa: 0x0a00_0070, value: 0 }, { pa: 0x0a00_0270, value: 0 }],
  image: Uint8Array.from({ length: 4096 }, (_, n) => (n * 7 + 1) & 0xff),
};

/** Partition 1 of the standard system. */
export const PLC: PartitionSpec = {
  name: "plc",
  cpus: [3],
  regions: [ram(0x4000_0000, 0x4800_0000, 16 * MIB), shared(0x5000_0000, 0x5000_0000)],
  interrupts: [level(60), edge(61), edge(234), edge(235)],
  consoleInterrupt: 234,
  channels: [{ name: "process", ipa: 0x5000_0000, size: 0x1000, peer: 0, doorbell: 233, interrupt: 235, carriesImage: false, carriesTags: false }],
  onFailure: "restart",
  watchdogMicroseconds: 100_000,
  image: Uint8Array.from({ length: 1000 }, (_, n) => (n * 13 + 5) & 0xff),
};

export const STANDARD: SystemSpec = { board: qemuVirt, housekeeper: 2, partitions: [LINUX, PLC] };

/** A device that does DMA: only what silences it matters here. */
const silenced = (quiesce: { readonly pa: number; readonly value: number }): PlannedDevice =>
  ({ name: "device", reg: quiesce.pa, size: 4, intid: 0, trigger: "level", node: "", compatible: [], clockNames: [], dmaCoherent: true, reachesAllMemory: true, quiesce });

const LOAD_ALIGN = 64;
const pad = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(Math.ceil(bytes.length / LOAD_ALIGN) * LOAD_ALIGN);
  padded.set(bytes);
  return padded;
};

/** What a partition on a board with GICv2 sees as its CPU interface: the virtual one, or the physical one but for GICC_DIR's page. */
const cpuInterface = ({ gicVersion, gicc, gicv }: Board, direct: boolean): PlannedRegion[] =>
  gicVersion === 2 ? [{ name: "GICC", ipa: GUEST_GICC, pa: direct ? gicc : gicv, size: direct ? PAGE : INTERFACE_BYTES, kind: "interface", access: "rw" }] : [];

/** Where a region is in memory, by the definition of colours: pages of other ones are not its own. */
export function pagesOf({ pa, size, colours }: PlannedRegion): Range[] {
  if (colours === undefined) return [{ pa, size }];
  const pages: Range[] = [];
  for (let at = pa; pages.length < size / PAGE; at += PAGE) if (colours.includes((at / PAGE) % COLOURS)) pages.push({ pa: at, size: PAGE });
  return pages;
}

/** A system ready to be put into a machine. */
export interface System {
  readonly spec: SystemSpec;
  readonly plan: Plan;
  readonly blob: Uint8Array;
  readonly loads: readonly { readonly source: number; readonly bytes: Uint8Array }[];
  readonly partitionMemory: readonly Range[];
  readonly privateMemory: readonly Range[];
  readonly silencers: readonly number[];
}

export function makeSystem(spec: SystemSpec): System {
  const { board } = spec;
  // The blob has room for its largest size behind the core; what partitions load comes after it.
  const loadsFrom = board.imageSize + 0x4000;
  const loads: { source: number; bytes: Uint8Array }[] = [];
  const partitions = spec.partitions.map((partition): PlannedPartition => {
    const first = partition.regions[0];
    if (first === undefined) throw new RangeError(`partition ${partition.name} has no memory`);
    const planned: PlannedLoad[] = [];
    if (partition.image !== undefined) {
      const last = loads.at(-1);
      const { zeros = 0 } = partition;
      const image = pad(partition.image);
      const bytes = zeros === 0 ? image : pad(Buffer.concat([image, new Uint8Array(PAGE)]));
      loads.push({ source: last === undefined ? loadsFrom : last.source + last.bytes.length, bytes });
      planned.push({ name: "image", source: loads.at(-1)?.source ?? 0, ipa: first.ipa + ENTRY_OFFSET, size: image.length + zeros, ...(zeros === 0 ? {} : { zeros: image.length }) });
    }
    return {
      name: partition.name, guest: "raw", realtime: false,
      autostart: partition.autostart ?? true,
      prints: false,
      pmu: partition.pmu ?? false,
      countEl2: partition.countEl2 ?? false,
      direct: partition.direct ?? false,
      exits: null,
      trustedSgi: partition.trustedSgi ?? false,
      ownClock: partition.ownClock ?? false,
      telemetry: partition.telemetry ?? false,
      controls: partition.controls ?? [],
      probesPriority: partition.probesPriority ?? false,
      onFailure: partition.onFailure ?? "stop",
      cpus: partition.cpus,
      entry: first.ipa + ENTRY_OFFSET,
      argument: first.ipa,
      seed: partition.seed === undefined ? 0 : first.ipa + partition.seed,
      gicd: GUEST_GICD, gicr: board.gicVersion === 3 ? GUEST_GICR : null,
      console: partition.consoleInterrupt === 0 ? 0 : GUEST_UART,
      consoleInterrupt: partition.consoleInterrupt,
      mailbox: partition.regions.find(({ kind }) => kind === "mailbox")?.ipa ?? 0,
      tagImage: partition.tagImage ?? null,
      watchdogMicroseconds: partition.watchdogMicroseconds ?? 0,
      ways: partition.ways ?? [], bandwidth: partition.bandwidth ?? null,
      ppis: [board.virtualTimer, board.physicalTimer, ...(partition.pmu === true ? [board.pmuInterrupt] : [])],
      regions: [...partition.regions, ...cpuInterface(board, partition.direct ?? false)], interrupts: partition.interrupts, devices: (partition.quiesce ?? []).map(silenced), loads: planned,
      channels: partition.channels ?? [], tags: [],
    };
  });
  const plan: Plan = {
    board: "simulated",
    image: { base: board.imageBase, size: Math.ceil((loadsFrom + loads.reduce((sum, { bytes }) => sum + bytes.length, 0)) / 4096) * 4096, loadsFrom },
    ram: board.ram.map(({ pa, size }) => ({ base: pa, size })),
    ipaBits: spec.ipaBits ?? IPA_BITS,
    gic: {
      gicd: board.gicd, version: board.gicVersion, cpuInterface: board.gicVersion === 2 ? { gicc: board.gicc, gich: board.gich, gicv: board.gicv } : null,
      spiLimit: board.spiLimit, maintenance: board.maintenance,
    },
    counterHz: null,
    timers: { hypervisor: board.hypervisorTimer, virtual: board.virtualTimer, physical: board.physicalTimer },
    pmu: { interrupt: board.pmuInterrupt, refillEvent: spec.refillEvent ?? EVENT_L2D_CACHE_REFILL, busAccesses: spec.busAccesses ?? 0, countsEl2: false },
    cache: { level: 2, sets: 1024, ways: 16, line: 64, colours: COLOURS, wayGroups: board.cluster === "absent" ? 0 : WAY_GROUPS },
    uart: { kind: "pl011", address: board.uart },
    housekeeper: spec.housekeeper,
    tickMicroseconds: TICK_MICROSECONDS,
    telemetryMilliseconds: TELEMETRY_MILLISECONDS,
    cpus: board.cpus.map((cpu, n) => {
      const owner = spec.partitions.findIndex(({ cpus }) => cpus.includes(n));
      return { mpidr: Number(cpu.mpidr), gicr: cpu.gicr, interface: board.gicVersion === 2 ? (cpu.interface ?? n) : 0, partition: owner < 0 ? null : owner, vcpu: owner < 0 ? 0 : (spec.partitions[owner]?.cpus.indexOf(n) ?? 0) };
    }),
    partitions,
  };
  return {
    spec, plan, loads,
    blob: writeBlob(plan),
    silencers: spec.partitions.flatMap(({ quiesce }) => (quiesce ?? []).map(({ pa }) => pa)),
    privateMemory: spec.partitions.flatMap(({ regions }) => regions.filter(({ kind }) => kind === "ram").flatMap(pagesOf)),
    partitionMemory: spec.partitions.flatMap(({ regions }) => regions.filter(({ kind }) => kind === "ram" || kind === "mailbox").flatMap(pagesOf)),
  };
}
