// Systems for tests: plans made by hand, small enough to see through, and written by the planner's own blob writer. What of a
// plan is an ISA's, aarch64/system.ts adds.
import type { UartWords } from "../../partitions/blob/uart.ts";
import { uartOf, writeBlob } from "../../partitions/blob/write.ts";
import type {
  Aarch64Plan as Plan, Aarch64PlannedPartition as PlannedPartition, OnFailure, PlannedBandwidth, PlannedChannelEnd, PlannedCpu,
  PlannedDevice, PlannedFirmwareTree, PlannedInterrupt, PlannedLoad, PlannedRegion, PlannedTagImage, PlannedUpdate,
} from "../../partitions/plan/plan.ts";
import type { BoardFacts } from "./board.ts";
import type { Range } from "./memory.ts";

/** What a test may want otherwise about a partition; the rest follows. */
export interface PartitionSpec {
  readonly name: string;
  readonly cpus: readonly number[];
  readonly regions: readonly PlannedRegion[];
  readonly interrupts: readonly PlannedInterrupt[];
  /** Interrupt line of its console, one of `interrupts`; 0: it has none. */
  readonly consoleInterrupt: number;
  readonly channels?: readonly PlannedChannelEnd[];
  readonly onFailure?: OnFailure;
  readonly tagImage?: PlannedTagImage;
  readonly watchdogMicroseconds?: number;
  readonly autostart?: boolean;
  readonly pmu?: boolean;
  /** And what the hypervisor does there counts. */
  readonly countEl2?: boolean;
  readonly direct?: boolean;
  readonly trustedSgi?: boolean;
  /** RISC-V's: false, and it sees no APLIC, though it has sources. */
  readonly hasController?: boolean;
  readonly ownClock?: boolean;
  readonly probesPriority?: boolean;
  /** It reads along what leaves by the UART. */
  readonly telemetry?: boolean;
  /** Partitions that it may command. */
  readonly controls?: readonly number[];
  readonly commits?: boolean;
  readonly overrunTag?: number;
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

/** `Board`: the facts that an ISA's machines are built from. */
export interface SystemSpec<Board extends BoardFacts = BoardFacts> {
  readonly board: Board;
  readonly housekeeper: number;
  readonly partitions: readonly PartitionSpec[];
  /** What bandwidth is measured by, if not by refills of the L2 cache. */
  readonly refillEvent?: number;
  readonly busAccesses?: number;
  /** What the firmware's device tree has to be; left out: there may be none. */
  readonly firmwareTree?: Partial<PlannedFirmwareTree>;
  readonly inits?: Plan["inits"];
  readonly watchdog?: NonNullable<Plan["watchdog"]>;
  readonly update?: PlannedUpdate;
  /** Bits of an IPA that the plan makes use of, if not 40. */
  readonly ipaBits?: number;
}

/** Page colours of the last-level cache. */
export const COLOURS = 16;
export const PAGE = 4096;
export const TICK_MICROSECONDS = 1000;
export const TELEMETRY_MILLISECONDS = 100;
/** Of a system on trial. */
export const HEALTHY_MICROSECONDS = 300_000;
export const COMMIT_MICROSECONDS = 1_000_000;
export const ENTRY_OFFSET = 0x8_0000;

export const ram = (ipa: number, pa: number, size: number): PlannedRegion =>
  ({ name: "memory", ipa, pa, size, kind: "ram", access: "rwx" });
export const device = (address: number, size: number): PlannedRegion =>
  ({ name: "device", ipa: address, pa: address, size, kind: "device", access: "rw" });
export const mailbox = (ipa: number, pa: number, size = 0x1000): PlannedRegion =>
  ({ name: "mailbox", ipa, pa, size, kind: "mailbox", access: "rw" });
export const shared = (ipa: number, pa: number, access = "rw"): PlannedRegion =>
  ({ name: "channel", ipa, pa, size: 0x1000, kind: "channel", access });
export const level = (intid: number): PlannedInterrupt => ({ intid, trigger: "level", use: "spis" });
export const edge = (intid: number): PlannedInterrupt => ({ intid, trigger: "edge", use: "spis" });

/** A device that does DMA: only what silences it matters here. */
const silenced = (quiesce: { readonly pa: number; readonly value: number }): PlannedDevice =>
  (
    {
      name: "device", windows: [{ base: quiesce.pa, size: 4 }], interrupts: [], node: "", compatible: [],
      clockNames: [], dmaCoherent: true, reachesAllMemory: true, quiesce,
    }
  );

const LOAD_ALIGN = 64;
const pad = (bytes: Uint8Array): Uint8Array => {
  const padded = new Uint8Array(Math.ceil(bytes.length / LOAD_ALIGN) * LOAD_ALIGN);
  padded.set(bytes);
  return padded;
};

/** Where a region is in memory, by the definition of colours: pages of other ones are not its own. */
export function pagesOf({ pa, size, colours }: PlannedRegion): Range[] {
  if (colours === undefined) return [{ pa, size }];
  const pages: Range[] = [];
  for (let at = pa; pages.length < size / PAGE; at += PAGE) {
    if (colours.includes((at / PAGE) % COLOURS)) pages.push({ pa: at, size: PAGE });
  }
  return pages;
}

/** What of a plan those look at who try out a core, whichever ISA it is for. */
export interface Tried {
  readonly housekeeper: number;
  readonly cpus: readonly Pick<PlannedCpu, "partition" | "vcpu">[];
  readonly partitions: readonly TriedPartition[];
}
export type TriedPartition = Pick<
  PlannedPartition,
  | "name" | "cpus" | "direct" | "entry" | "regions" | "interrupts" | "channels" | "console" | "consoleInterrupt" | "mailbox"
  | "bandwidth"
>;

/** A system ready to be put into a machine. */
export interface System<Board extends BoardFacts = BoardFacts, Planned extends Tried = Tried> {
  readonly spec: SystemSpec<Board>;
  readonly plan: Planned;
  readonly blob: Uint8Array;
  readonly uart: UartWords;
  readonly loads: readonly { readonly source: number; readonly bytes: Uint8Array }[];
  readonly partitionMemory: readonly Range[];
  readonly privateMemory: readonly Range[];
  readonly silencers: readonly number[];
}

/** What of a plan is the ISA's: of each partition, and of the whole. */
export interface OwnPlan {
  partition(spec: PartitionSpec): Pick<PlannedPartition, "gicd" | "gicr" | "console" | "ppis"> & {
    /** Besides those that it has by its specification. */
    readonly regions: readonly PlannedRegion[];
  };
  readonly plan: Pick<Plan, "ipaBits" | "gic" | "timers" | "pmu" | "cache" | "uart" | "firmwareTree">;
  /** Of a pCPU. */
  cpu(n: number): Omit<Plan["cpus"][number], "partition" | "vcpu">;
}

export function makeSystemOf<Board extends BoardFacts>(spec: SystemSpec<Board>, own: OwnPlan): System<Board, Plan> {
  const { board } = spec;
  // The blob has room for its largest size behind the core; what partitions load comes after it.
  const loadsFrom = board.imageSize + 0x4000;
  const loads: { source: number; bytes: Uint8Array }[] = [];
  const partitions = spec.partitions.map((partition) => planned(partition, own, loads, loadsFrom));
  const plan: Plan = {
    ...own.plan,
    board: "simulated",
    image: {
      base: board.imageBase, size: Math.ceil((loadsFrom + loads.reduce((sum, { bytes }) => sum + bytes.length, 0)) / PAGE) * PAGE,
      loadsFrom,
    },
    watchdog: spec.watchdog ?? null,
    ram: board.ram.map(({ pa, size }) => ({ base: pa, size })),
    reserved: board.reserved ?? [], inits: spec.inits ?? [],
    counterHz: null,
    housekeeper: spec.housekeeper,
    tickMicroseconds: TICK_MICROSECONDS,
    telemetryMilliseconds: TELEMETRY_MILLISECONDS,
    healthyMicroseconds: HEALTHY_MICROSECONDS,
    commitMicroseconds: COMMIT_MICROSECONDS,
    cpus: board.cpus.map((_, n) => {
      const owner = spec.partitions.findIndex(({ cpus }) => cpus.includes(n));
      return {
        ...own.cpu(n), partition: owner < 0 ? null : owner, vcpu: owner < 0 ? 0 : (spec.partitions[owner]?.cpus.indexOf(n) ?? 0),
      };
    }),
    partitions,
    ...(spec.update && { update: spec.update }),
  };
  const staging = spec.update === undefined ? [] : [{ pa: spec.update.staging, size: 2 * spec.update.size }];
  const memory = (kinds: readonly string[]): Range[] =>
    spec.partitions.flatMap(({ regions }) => regions.filter(({ kind }) => kinds.includes(kind)).flatMap(pagesOf));
  return {
    spec, plan, loads,
    blob: writeBlob(plan),
    uart: uartOf(plan),
    silencers: [...spec.partitions.flatMap(({ quiesce = [] }) => quiesce), ...plan.inits].map(({ pa }) => pa),
    privateMemory: memory(["ram"]),
    partitionMemory: [...memory(["ram", "mailbox"]), ...staging],
  };
}

/** A partition as the planner would have it; what it loads comes to `loads`. */
function planned(
  partition: PartitionSpec, own: OwnPlan, loads: { source: number; bytes: Uint8Array }[], loadsFrom: number,
): PlannedPartition {
  const first = partition.regions[0];
  if (first === undefined) throw new RangeError(`partition ${partition.name} has no memory`);
  const image: PlannedLoad[] = [];
  if (partition.image !== undefined) {
    const last = loads.at(-1);
    const { zeros = 0 } = partition;
    const content = pad(partition.image);
    const bytes = zeros === 0 ? content : pad(Buffer.concat([content, new Uint8Array(PAGE)]));
    const source = last === undefined ? loadsFrom : last.source + last.bytes.length;
    loads.push({ source, bytes });
    image.push(
      {
        name: "image", source, ipa: first.ipa + ENTRY_OFFSET, size: content.length + zeros,
        ...(zeros === 0 ? {} : { zeros: content.length }),
      }
    );
  }
  const { regions, ...fields } = own.partition(partition);
  return {
    ...fields,
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
    commits: partition.commits ?? false,
    probesPriority: partition.probesPriority ?? false,
    onFailure: partition.onFailure ?? "stop",
    cpus: partition.cpus,
    entry: first.ipa + ENTRY_OFFSET,
    argument: first.ipa,
    seed: partition.seed === undefined ? 0 : first.ipa + partition.seed,
    consoleInterrupt: partition.consoleInterrupt,
    mailbox: partition.regions.find(({ kind }) => kind === "mailbox")?.ipa ?? 0,
    tagImage: partition.tagImage ?? null,
    watchdogMicroseconds: partition.watchdogMicroseconds ?? 0,
    ways: partition.ways ?? [], bandwidth: partition.bandwidth ?? null,
    regions: [...partition.regions, ...regions],
    interrupts: partition.interrupts, devices: (partition.quiesce ?? []).map(silenced), loads: image,
    channels: partition.channels ?? [], tags: [], overrunTag: partition.overrunTag ?? 0,
  };
}
