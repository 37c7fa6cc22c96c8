// partitions/blob/promises.table.ts, row by row: exactly that is altered in a system that is otherwise sound. The planner's proof
// has to find it in the plan, and the core to refuse the blob with the row's error, and to start nothing.
import { describe, expect, test } from "vitest";
import { NO_GICR } from "../../partitions/blob/aarch64.table.ts";
import { BLOB_MAX_BYTES, MAX_TAG_BYTES } from "../../partitions/blob/layout.table.ts";
import { BLOB_ERRORS, PROMISES } from "../../partitions/blob/promises.table.ts";
import type { PromiseId, PromiseRow } from "../../partitions/blob/promises.table.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { encodeBlob, writeBlob } from "../../partitions/blob/write.ts";
import type {
  Aarch64Plan as Plan, PlannedChannelEnd, Aarch64PlannedCpu as PlannedCpu, PlannedInterrupt, PlannedLoad, PlannedMatch,
  Aarch64PlannedPartition as PlannedPartition, PlannedRegion, PlannedTagImage, PlannedUpdate,
} from "../../partitions/plan/plan.ts";
import { prove } from "../../partitions/plan/prove.ts";
import { qemuVirtGicv2 } from "../../tools/machine/aarch64/board.ts";
import {
  device, edge, level, LINUX, mailbox, makeSystem, PLC, ram, shared, STANDARD,
} from "../../tools/machine/aarch64/system.ts";
import type { PartitionSpec, SystemSpec } from "../../tools/machine/aarch64/system.ts";
import { BlobBench } from "./blobBench.ts";
import type { Change } from "./blobBench.ts";

const MIB = 0x10_0000;

// The standard system, and a third partition on the pCPU that keeps house. Indices of partitions and their regions:
const [LINUX_, PLC_, AUX_] = [0, 1, 2];
const [MEMORY, DEVICE, LINUX_CHANNEL] = [0, 1, 2];
const [PLC_CHANNEL, PLC_MAILBOX] = [1, 2];
const AUX: PartitionSpec = {
  name: "aux",
  cpus: [2],
  regions: [ram(0x4000_0000, 0x4a00_0000, 16 * MIB)],
  interrupts: [level(70), edge(236)],
  consoleInterrupt: 236,
};
const THREE: SystemSpec = { ...STANDARD, housekeeper: 2, partitions: [{ ...LINUX, cpus: [0, 1, 2] }, PLC] };
const TWICE_TWO: SystemSpec = { ...STANDARD, housekeeper: 0, partitions: [LINUX, { ...PLC, cpus: [2, 3] }] };
const WITH_MAILBOX: PartitionSpec = { ...PLC, regions: [...PLC.regions, mailbox(0x5000_1000, 0x5000_1000)] };
const WHOLE: SystemSpec = { ...STANDARD, partitions: [LINUX, WITH_MAILBOX, AUX] };
const TAGS = { ipa: 0x5000_2000, size: 0x1000, overLink: true };
const tagged = (spec: PartitionSpec, ipa: number, bytes: number): PartitionSpec =>
  ({ ...spec, regions: [...spec.regions, mailbox(ipa, ipa, bytes)], tagImage: { ...TAGS, ipa: ipa + 0x1000 } });
const TAGGED: SystemSpec = { ...STANDARD, partitions: [LINUX, tagged(PLC, 0x5000_1000, 0x2000)] };
const TWO_TAGGED: SystemSpec = {
  ...STANDARD,
  partitions: [tagged(LINUX, 0x5010_0000, 0x2000), tagged(PLC, 0x5000_1000, 0xd000)],
};
const GICV2: SystemSpec = { ...STANDARD, board: qemuVirtGicv2, partitions: [LINUX, { ...PLC, direct: true }] };
const [LINUX_GICC, PLC_GICC] = [3, 2];
const DIRECT: SystemSpec = { ...STANDARD, partitions: [LINUX, { ...PLC, direct: true }] };
const BANDWIDTH: SystemSpec = {
  ...STANDARD,
  partitions: [{ ...LINUX, bandwidth: { budget: 128_000, refills: 1000, periodMicroseconds: 1000 } }, PLC],
};
const WAYS: SystemSpec = {
  ...STANDARD,
  board: { ...STANDARD.board, cluster: "writable" },
  partitions: [
    { ...LINUX, ways: [0, 1] },
    { ...PLC, ways: [2] },
  ],
};
const UPDATABLE: SystemSpec = {
  ...STANDARD,
  partitions: [{ ...LINUX, regions: [...LINUX.regions, mailbox(0x5010_0000, 0x5010_0000, 0x1_1000)] }, PLC],
  update: {
    partition: PLC_, bringer: LINUX_, staging: 0x5200_0000, size: 0x2_0000, ring: 0x5010_1000, key: "5a".repeat(32), version: 1,
  },
};
const coloured = (colours: readonly number[]): PlannedRegion => ({ ...ram(0x4000_0000, 0x6000_0000, MIB), colours });
/** Four words of texts: the property, the value, the path's one name, and an empty one. */
const MATCH: PlannedMatch = { path: "/a", property: "b", how: "is", value: "cdefg" };
const MATCHES: SystemSpec = { ...STANDARD, firmwareTree: { expected: true, matches: [MATCH] } };
const COLOURED: SystemSpec = {
  ...STANDARD,
  partitions: [
    { ...LINUX, regions: [coloured([0, 1])], channels: [], quiesce: [] },
    { ...PLC, regions: [coloured([2, 3])], channels: [] },
  ],
};

interface Trial {
  readonly what: string;
  readonly on?: SystemSpec;
  readonly plan: (plan: Plan) => Plan;
  /** Where the writer cannot write such a plan down: how the sound plan's blob is altered. */
  readonly blob?: (bench: BlobBench) => Uint8Array;
}

// What is altered, and what of it.
const at = <T,>(list: readonly T[], index: number, change: Partial<T>): T[] =>
  list.map((each, n) => (n === index ? { ...each, ...change } : each));
const partition =
  (n: number, change: Partial<PlannedPartition>) =>
  (plan: Plan): Plan => ({ ...plan, partitions: at(plan.partitions, n, change) });
const cpu = (n: number, change: Partial<PlannedCpu>) => (plan: Plan): Plan => ({ ...plan, cpus: at(plan.cpus, n, change) });
const inPartition = (n: number, change: (before: PlannedPartition) => Partial<PlannedPartition>) => (plan: Plan): Plan => {
  const before = plan.partitions[n];
  return before === undefined ? plan : partition(n, change(before))(plan);
};
const region = (n: number, index: number, change: Partial<PlannedRegion>): ((plan: Plan) => Plan) =>
  inPartition(n, ({ regions }) => ({ regions: at(regions, index, change) }));
const load = (n: number, change: Partial<PlannedLoad>): ((plan: Plan) => Plan) =>
  inPartition(n, ({ loads }) => ({ loads: at(loads, 0, change) }));
const end = (n: number, change: Partial<PlannedChannelEnd>): ((plan: Plan) => Plan) =>
  inPartition(n, ({ channels }) => ({ channels: at(channels, 0, change) }));
const interrupt = (n: number, intid: number, change: Partial<PlannedInterrupt>): ((plan: Plan) => Plan) =>
  inPartition(n, ({ interrupts }) => ({
    interrupts: interrupts.map((each) => (each.intid === intid ? { ...each, ...change } : each)),
  }));
const tagImage = (change: Partial<PlannedTagImage>): ((plan: Plan) => Plan) =>
  partition(PLC_, { tagImage: { ...TAGS, ...change } });
const silence = (pa: number): ((plan: Plan) => Plan) =>
  inPartition(LINUX_, ({ devices }) => ({ devices: at(devices, 0, { quiesce: { pa, value: 0 } }) }));
const update = (change: Partial<PlannedUpdate>) => (plan: Plan): Plan =>
  (plan.update === undefined ? plan : { ...plan, update: { ...plan.update, ...change } });
const with_ = (change: Partial<Plan>) => (plan: Plan): Plan => ({ ...plan, ...change });
const watchdog = (address: number, top = 12) => with_({ watchdog: { kind: "dw", address, top } });
const gic = (change: Partial<Plan["gic"]>) => (plan: Plan): Plan => ({ ...plan, gic: { ...plan.gic, ...change } });
const frame = (change: Partial<NonNullable<Plan["gic"]["cpuInterface"]>>) => (plan: Plan): Plan => {
  const { cpuInterface } = plan.gic;
  return cpuInterface === null ? plan : gic({ cpuInterface: { ...cpuInterface, ...change } })(plan);
};
const record =
  (kind: string, index: number, change: Change) =>
  (bench: BlobBench): Uint8Array =>
    bench.changed(kind, index, change);

const pmus = (change: (cpu: number) => number) => (plan: Plan): Plan =>
  ({ ...plan, cpus: plan.cpus.map((each, n) => ({ ...each, pmuInterrupt: change(n) })) });
const init = (change: Partial<Plan["inits"][number]>): ((plan: Plan) => Plan) =>
  with_({ inits: [{ pa: 0x0a00_0000, mask: 0xffff_ffff, value: 1, by: "plc", ...change }] });
/** A plan that has no place for its texts; the blob of one that has, altered. */
const longMatch = with_({ firmwareTree: { expected: true, matches: [{ ...MATCH, path: "x".repeat(4096) }] } });
const ends = (change: Change): Omit<Trial, "what"> => ({ on: MATCHES, plan: longMatch, blob: record("Match", 0, change) });
const unwired = pmus(() => 0);

const TRIALS: Readonly<Partial<Record<PromiseId, readonly Trial[]>>> = {
  imagePlace: [{ what: "outside RAM", plan: (plan) => ({ ...plan, image: { ...plan.image, base: 0x3000_0000 } }) }],
  imageSize: [
    { what: "ends before its loads", plan: (plan) => ({ ...plan, image: { ...plan.image, size: plan.image.loadsFrom } }) },
  ],
  ram: [
    { what: "half a page", plan: with_({ ram: [{ base: 0x4000_0000, size: 0x3fff_f800 }] }) },
    {
      what: "two banks in one place",
      plan: with_({
        ram: [
          { base: 0x4000_0000, size: 0x4000_0000 },
          { base: 0x7000_0000, size: 0x2000_0000 },
        ],
      }),
    },
    { what: "further than the hypervisor maps", plan: with_({ ram: [{ base: 0x4000_0000, size: 2 ** 39 }] }) },
    {
      what: "a page further than the hypervisor maps",
      plan: with_({ ram: [{ base: 0x4000_0000, size: 2 ** 38 - 0x4000_0000 + 0x1000 }] }),
    },
  ],
  ipaBits: [
    { what: "more than stage 2 is built for", plan: with_({ ipaBits: 48 }) },
    { what: "fewer than any pCPU has", plan: with_({ ipaBits: 31 }) },
  ],
  frames: [
    { what: "GICD on the UART", plan: gic({ gicd: 0x0900_0000 }) },
    { what: "GICD in RAM", plan: gic({ gicd: 0x7800_0000 }) },
    { what: "GICD in the middle of a page", plan: gic({ gicd: 0x0800_0800 }) },
    { what: "redistributors half over each other", plan: cpu(1, { gicr: 0x080b_0000 }) },
    { what: "a redistributor in the UART", plan: cpu(1, { gicr: 0x08ff_0000 }) },
    { what: "GICV on GICH's second page", on: GICV2, plan: frame({ gicv: 0x0803_1000 }) },
    { what: "GICC beyond what the hypervisor maps", on: GICV2, plan: frame({ gicc: 2 ** 38 }) },
    { what: "a GIC of another version", plan: gic({ version: 2 }) },
    { what: "a watchdog on the UART", plan: watchdog(0x0900_0000) },
    { what: "a watchdog in RAM", plan: watchdog(0x7800_0000) },
    { what: "a watchdog in the middle of a page", plan: watchdog(0x0903_0800) },
    { what: "a watchdog beyond what the hypervisor maps", plan: watchdog(2 ** 38) },
    { what: "a watchdog that waits longer than it can", plan: watchdog(0x0903_0000, 16) },
    { what: "a UART whose registers are too far apart", plan: (plan) => ({ ...plan, uart: { ...plan.uart, shift: 4 } }) },
    {
      what: "a watchdog of a kind that nobody knows",
      plan: watchdog(0x0903_0000, 16),
      blob: (bench) => bench.headerWith({ watchdogKind: 2 }),
    },
    {
      what: "a UART of a kind that nobody knows",
      plan: (plan) => ({ ...plan, uart: { ...plan.uart, shift: 4 } }),
      blob: (bench) => bench.headerWith({ uartKind: 4 }),
    },
  ],
  inits: [
    { what: "memory", plan: init({ pa: 0x7000_0000 }) },
    { what: "the UART", plan: init({ pa: 0x0900_0024 }) },
    { what: "GICD", plan: init({ pa: 0x0800_0000 }) },
    { what: "a redistributor's end", plan: init({ pa: 0x080b_fffc }) },
    { what: "a GICv2's CPU interface", on: GICV2, plan: init({ pa: 0x0801_1000 }) },
    { what: "half a register", plan: init({ pa: 0x0a00_0002 }) },
    { what: "further than the hypervisor maps", plan: init({ pa: 2 ** 38 }) },
    { what: "bits outside of the mask", plan: init({ mask: 0xff, value: 0x100 }) },
  ],
  matches: [
    { what: "a string behind the texts", ...ends({ value: 16 }) },
    { what: "a path behind the texts", ...ends({ path: 16 }) },
    { what: "a name behind the texts", ...ends({ property: 16 }) },
    { what: "in a way that nobody knows", ...ends({ how: 3 }) },
    { what: "a text that does not end", on: MATCHES, plan: longMatch, blob: record("Text", 3, { bytes: 1n << 63n }) },
    { what: "a path that does not end", on: MATCHES, plan: longMatch, blob: record("Text", 3, { bytes: 0x78n }) },
  ],
  ticks: [
    { what: "none", plan: with_({ tickMicroseconds: 0 }) },
    { what: "too many", plan: with_({ tickMicroseconds: 99 }) },
    { what: "too few", plan: with_({ tickMicroseconds: 100_001 }) },
    { what: "no telemetry", plan: with_({ telemetryMilliseconds: 0 }) },
    { what: "telemetry once in a blue moon", plan: with_({ telemetryMilliseconds: 60_001 }) },
  ],
  trial: [
    { what: "healthy at once", plan: with_({ healthyMicroseconds: 0 }) },
    { what: "never healthy", plan: with_({ healthyMicroseconds: 3_600_000_001 }) },
    { what: "no time to commit", plan: with_({ commitMicroseconds: 999 }) },
    { what: "all the time to commit", plan: with_({ commitMicroseconds: 3_600_000_001 }) },
    { what: "overruns in a tag that is none", plan: partition(PLC_, { overrunTag: 33 }) },
  ],
  colourCount: [
    { what: "no power of two", on: COLOURED, plan: (plan) => ({ ...plan, cache: { ...plan.cache, colours: 12 } }) },
    { what: "too many", on: COLOURED, plan: (plan) => ({ ...plan, cache: { ...plan.cache, colours: 64 } }) },
  ],
  refillEvent: [
    { what: "with bits of a filter", plan: (plan) => ({ ...plan, pmu: { ...plan.pmu, refillEvent: 0x0800_0017 } }) },
    { what: "bus accesses of less than a byte", plan: (plan) => ({ ...plan, pmu: { ...plan.pmu, busAccesses: 65 } }) },
  ],
  spiLimit: [
    { what: "more than INTIDs", plan: gic({ spiLimit: 1024 }) },
    { what: "in the middle of a register", plan: gic({ spiLimit: 300 }) },
    { what: "none", plan: gic({ spiLimit: 32 }) },
  ],
  ownPpis: [
    { what: "maintenance by the virtual timer's", plan: gic({ maintenance: 27 }) },
    { what: "an SPI", plan: gic({ maintenance: 32 }) },
  ],
  pmuInterrupt: [
    { what: "the physical timer's", plan: pmus(() => 30) },
    { what: "an SGI", plan: cpu(2, { pmuInterrupt: 5 }) },
    { what: "an SPI that is not there", plan: cpu(2, { pmuInterrupt: STANDARD.board.spiLimit }) },
    { what: "no interrupt that there can be", plan: cpu(2, { pmuInterrupt: 1020 }) },
    { what: "an SPI of a partition, of one that measures", on: BANDWIDTH, plan: cpu(1, { pmuInterrupt: 60 }) },
    { what: "one SPI for two that measure", on: BANDWIDTH, plan: pmus(() => 100) },
  ],
  cpuOnce: [{ what: "in two partitions", plan: partition(PLC_, { cpus: [1] }) }],
  cpuThere: [
    { what: "none", plan: partition(PLC_, { cpus: [] }), blob: record("Partition", PLC_, { cpus: 0 }) },
    { what: "a fifth one", plan: partition(PLC_, { cpus: [4] }) },
  ],
  cpuKnows: [
    { what: "of another partition", plan: cpu(3, { partition: LINUX_ }) },
    { what: "another vCPU", plan: cpu(1, { vcpu: 0 }) },
    {
      what: "each the vCPU of the other's partition, which is not the boot one", on: TWICE_TWO,
      plan: (plan) => cpu(1, { partition: PLC_ })(cpu(3, { partition: LINUX_ })(plan)),
    },
    { what: "boots on another one", plan: partition(LINUX_, { cpus: [1, 0] }) },
    { what: "the vCPU that another pCPU has, which is not the boot one", on: THREE, plan: cpu(2, { vcpu: 1 }) },
  ],
  cpuApart: [{ what: "one affinity", plan: cpu(1, { mpidr: 0 }) }],
  affinity: [{ what: "1 of N (GICD_IROUTER.IRM)", plan: cpu(1, { mpidr: 0x8000_0001 }) }],
  interfaceApart: [
    { what: "one CPU interface", on: GICV2, plan: cpu(1, { interface: 0 }) },
    { what: "a CPU interface that no GIC has", on: GICV2, plan: cpu(1, { interface: 8 }) },
  ],
  housekeeper: [
    { what: "is not there", plan: with_({ housekeeper: 4 }) },
    { what: "is a direct partition's", on: DIRECT, plan: with_({ housekeeper: 3 }) },
    { what: "is one whose timer measures a bandwidth", on: BANDWIDTH, plan: with_({ housekeeper: 1 }) },
  ],
  flags: [
    {
      what: "a reaction that nobody knows",
      plan: partition(PLC_, { onFailure: "explode" as "stop" }),
      blob: record("Partition", PLC_, { onFailure: 3 }),
    },
    {
      what: "a flag that nobody knows",
      plan: partition(PLC_, { onFailure: "" as "stop" }),
      blob: record("Partition", PLC_, { flags: 0x8000_0001 }),
    },
    { what: "trusted with SGIs that are not its own", plan: partition(PLC_, { trustedSgi: true }) },
    { what: "trusted with those of a GICv2, which is asked for them", on: GICV2, plan: partition(PLC_, { trustedSgi: true }) },
  ],
  watchdog: [
    { what: "shorter than a tick", plan: partition(PLC_, { watchdogMicroseconds: 999 }) },
    { what: "for half an hour", plan: partition(PLC_, { watchdogMicroseconds: 1_800_000_000 }) },
  ],
  bandwidth: [
    {
      what: "a period of nothing",
      on: BANDWIDTH,
      plan: inPartition(LINUX_, ({ bandwidth }) => ({ bandwidth: bandwidth && { ...bandwidth, periodMicroseconds: 0 } })),
    },
    {
      what: "a period that ends all the time",
      on: BANDWIDTH,
      plan: inPartition(LINUX_, ({ bandwidth }) => ({ bandwidth: bandwidth && { ...bandwidth, periodMicroseconds: 99 } })),
    },
    { what: "no interrupt of one PMU", on: BANDWIDTH, plan: cpu(1, { pmuInterrupt: 0 }) },
    { what: "the guest's own PMU", on: BANDWIDTH, plan: partition(LINUX_, { pmu: true }) },
    { what: "direct interrupts", on: BANDWIDTH, plan: partition(LINUX_, { direct: true }) },
  ],
  ways: [
    { what: "in two partitions", on: WAYS, plan: partition(PLC_, { ways: [1] }) },
    { what: "not there", on: WAYS, plan: partition(PLC_, { ways: [4] }) },
  ],
  telemetry: [
    { what: "two", plan: (plan) => ({ ...plan, partitions: plan.partitions.map((each) => ({ ...each, telemetry: true })) }) },
    { what: "one without a console", plan: partition(PLC_, { telemetry: true, console: 0, consoleInterrupt: 0 }) },
  ],
  entry: [
    { what: "in nothing", plan: partition(PLC_, { entry: 0x2000_0000 }) },
    { what: "in a channel", plan: partition(PLC_, { entry: 0x5000_0000 }) },
    { what: "in RAM that is not executable", plan: region(PLC_, MEMORY, { access: "rw" }) },
  ],
  argument: [
    { what: "behind the RAM", plan: partition(PLC_, { argument: 0x4100_0000 }) },
    { what: "in a mailbox", plan: partition(PLC_, { argument: 0x5000_1000 }) },
  ],
  windows: [
    { what: "GICD in the middle of a page", plan: partition(PLC_, { gicd: 0x0800_0800 }) },
    { what: "the console over GICD", plan: partition(PLC_, { console: 0x0800_f000 }) },
    { what: "the second vCPU's redistributor over the console", plan: partition(LINUX_, { gicr: 0x08fd_0000 }) },
    { what: "GICR beyond all addresses", plan: partition(LINUX_, { gicr: 2 ** 40 - 0x2_0000 }) },
    { what: "no GICR", plan: partition(LINUX_, { gicr: null }) },
    { what: "a GICR beside a GICv2", on: GICV2, plan: partition(LINUX_, { gicr: 0x080a_0000 }) },
    { what: "a GICv2's GICR nearly nowhere", on: GICV2, plan: partition(LINUX_, { gicr: NO_GICR - 0x1000 }) },
  ],
  pages: [
    { what: "less than a page", plan: region(PLC_, MEMORY, { size: 16 * MIB - 8 }) },
    { what: "nothing", plan: region(PLC_, PLC_CHANNEL, { size: 0 }) },
    { what: "from the middle of one", plan: region(PLC_, MEMORY, { pa: 0x4800_0800 }) },
    {
      what: "rights that nobody knows",
      plan: region(PLC_, MEMORY, { access: "rwxs" }),
      blob: record("Region", 3, { access: 15 }),
    },
    { what: "a kind that nobody knows", plan: region(PLC_, MEMORY, { access: "?" }), blob: record("Region", 3, { kind: 4 }) },
  ],
  reach: [
    { what: "the first page behind", plan: region(PLC_, PLC_CHANNEL, { ipa: 2 ** 40 }) },
    { what: "the last page is behind", plan: region(PLC_, MEMORY, { ipa: 2 ** 40 - 15 * MIB }) },
    { what: "of a pCPU with fewer bits", plan: (plan) => region(PLC_, PLC_CHANNEL, { ipa: 2 ** 36 })({ ...plan, ipaBits: 36 }) },
  ],
  ramOnly: [
    { what: "memory where no RAM is", plan: region(PLC_, MEMORY, { pa: 0x1000_0000 }) },
    { what: "memory that goes on behind the RAM", plan: region(PLC_, MEMORY, { pa: 0x7f80_0000 }) },
    {
      what: "a channel where no RAM is",
      plan: (plan) => region(LINUX_, LINUX_CHANNEL, { pa: 0x1000_0000 })(region(PLC_, PLC_CHANNEL, { pa: 0x1000_0000 })(plan)),
    },
    { what: "a mailbox where no RAM is", plan: region(PLC_, PLC_MAILBOX, { pa: 0x1000_0000 }) },
    { what: "a device in RAM", plan: region(LINUX_, DEVICE, { ipa: 0x7800_0000, pa: 0x7800_0000 }) },
  ],
  hypervisor: [
    { what: "its image", plan: region(PLC_, MEMORY, { pa: 0x4020_0000 }) },
    { what: "GICD", plan: region(LINUX_, DEVICE, { ipa: 0x0800_0000, pa: 0x0800_0000 }) },
    { what: "a redistributor of somebody else", plan: region(LINUX_, DEVICE, { ipa: 0x0810_0000, pa: 0x0810_0000 }) },
    {
      what: "the board's watchdog",
      plan: (plan) =>
        region(LINUX_, DEVICE, { ipa: 0x0901_0000, pa: 0x0901_0000 })(watchdog(0x0901_0000)(plan)),
    },
    { what: "its UART", plan: region(LINUX_, DEVICE, { ipa: 0x0900_0000, pa: 0x0900_0000 }) },
    { what: "GICH's second page", on: GICV2, plan: region(LINUX_, DEVICE, { ipa: 0x0803_1000, pa: 0x0803_1000, size: 0x1000 }) },
  ],
  owner: [
    { what: "another one's memory", plan: region(PLC_, MEMORY, { pa: 0x6100_0000 }) },
    {
      what: "its own twice",
      plan: inPartition(PLC_, ({ regions }) => ({
        regions: [...regions, { ...ram(0x6000_0000, 0x4800_0000, 0x1000), name: "again" }],
      })),
    },
    {
      what: "another one's device",
      plan: inPartition(PLC_, ({ regions }) => ({ regions: [...regions, device(0x0a00_3000, 0x1000)] })),
    },
    { what: "a channel in another one's memory", plan: region(PLC_, MEMORY, { pa: 0x4f80_0000 }) },
  ],
  apart: [
    { what: "a channel in the memory", plan: region(PLC_, PLC_CHANNEL, { ipa: 0x4000_0000 }) },
    { what: "memory over GICD", plan: region(PLC_, MEMORY, { ipa: 0x0740_0000 }) },
    { what: "memory over the last redistributor", plan: region(LINUX_, LINUX_CHANNEL, { ipa: 0x080d_f000 }) },
    { what: "memory over the console", plan: region(PLC_, PLC_CHANNEL, { ipa: 0x0900_0000 }) },
  ],
  execute: [
    { what: "a channel", plan: region(PLC_, PLC_CHANNEL, { access: "rwx" }) },
    { what: "a device", plan: region(LINUX_, DEVICE, { access: "rx" }) },
  ],
  devicePlace: [
    { what: "somewhere else", plan: region(LINUX_, DEVICE, { ipa: 0x0b00_0000 }) },
    { what: "what would be a GICv2's interface, if there were one", plan: region(LINUX_, DEVICE, { pa: 0, size: 0x2000 }) },
    {
      what: "what would be a direct guest's",
      on: DIRECT,
      plan: inPartition(PLC_, ({ regions }) => ({ regions: [...regions, { ...device(0x0a00_4000, 0x1000), pa: 0 }] })),
    },
  ],
  interface: [
    { what: "the physical one, for who is not direct", on: GICV2, plan: region(LINUX_, LINUX_GICC, { pa: 0x0801_0000 }) },
    { what: "GICC_DIR too", on: GICV2, plan: region(PLC_, PLC_GICC, { size: 0x2000 }) },
    { what: "the hypervisor's", on: GICV2, plan: region(LINUX_, LINUX_GICC, { pa: 0x0803_0000 }) },
  ],
  colours: [
    { what: "one in two partitions", on: COLOURED, plan: region(PLC_, MEMORY, { colours: [1, 2] }) },
    { what: "one that is not there", on: COLOURED, plan: region(PLC_, MEMORY, { colours: [16] }) },
    { what: "from the middle of a round", on: COLOURED, plan: region(PLC_, MEMORY, { pa: 0x6000_1000 }) },
  ],
  mailbox: [
    { what: "somewhere else", plan: partition(PLC_, { mailbox: 0x5000_2000 }) },
    { what: "in the memory", plan: partition(PLC_, { mailbox: 0x4000_0000 }) },
  ],
  tagImage: [
    { what: "behind the mailbox's region", on: TAGGED, plan: tagImage({ ipa: 0x5000_3000 }) },
    { what: "over its end", on: TAGGED, plan: tagImage({ size: 0x1008 }) },
    { what: "in the memory", on: TAGGED, plan: tagImage({ ipa: 0x4000_0000 }) },
    { what: "from the middle of a word", on: TAGGED, plan: tagImage({ ipa: 0x5000_2004 }) },
    { what: "at 0", on: TAGGED, plan: tagImage({ ipa: 0 }) },
    { what: "of its header alone", on: TAGGED, plan: tagImage({ size: 64 }) },
    { what: "of no bytes", on: TAGGED, plan: tagImage({ size: 0 }) },
    { what: "more than can be copied", on: TWO_TAGGED, plan: tagImage({ size: MAX_TAG_BYTES }) },
  ],
  channelShared: [
    {
      what: "a third one",
      plan: inPartition(AUX_, ({ regions }) => ({ regions: [...regions, shared(0x5000_0000, 0x5000_0000)] })),
    },
    {
      what: "twice in one",
      plan: inPartition(PLC_, ({ regions }) => ({ regions: [...regions, shared(0x5000_4000, 0x5000_0000)] })),
    },
  ],
  loadSource: [
    { what: "the core's own memory", plan: load(PLC_, { source: 0x2_0000 }) },
    { what: "the blob", plan: load(LINUX_, { source: STANDARD.board.imageSize }) },
    {
      what: "another partition's image",
      plan: (plan) => load(PLC_, { source: plan.partitions[LINUX_]?.loads[0]?.source ?? 0 })(plan),
    },
    {
      what: "the end of another partition's image",
      plan: (plan) => load(PLC_, { source: (plan.partitions[LINUX_]?.loads[0]?.source ?? 0) + 0xfc0 })(plan),
    },
    {
      what: "from the middle of a line",
      plan: (plan) => load(PLC_, { source: (plan.partitions[PLC_]?.loads[0]?.source ?? 0) + 32 })(plan),
    },
    {
      what: "zeros from behind its end on",
      plan: (plan) => load(PLC_, { zeros: (plan.partitions[PLC_]?.loads[0]?.size ?? 0) + 64 })(plan),
    },
    { what: "zeros from the middle of a line on", plan: load(PLC_, { zeros: 32 }) },
  ],
  update: [
    { what: "through a partition's memory", on: UPDATABLE, plan: update({ staging: 0x4800_0000 }) },
    { what: "half of it in a partition's memory", on: UPDATABLE, plan: update({ staging: 0x6000_0000 - 0x2_0000 }) },
    { what: "through the hypervisor's memory", on: UPDATABLE, plan: update({ staging: STANDARD.board.imageBase }) },
    { what: "through what is no RAM", on: UPDATABLE, plan: update({ staging: 0x1000_0000 }) },
    { what: "through parts of pages", on: UPDATABLE, plan: update({ staging: 0x5200_0800 }) },
    { what: "of a size that is no whole pages", on: UPDATABLE, plan: update({ size: 0x2_0800 }) },
    { what: "of no size", on: UPDATABLE, plan: update({ size: 0 }) },
    { what: "larger than the partition's memory", on: UPDATABLE, plan: update({ size: 32 * MIB }) },
    {
      what: "over another load",
      on: UPDATABLE,
      plan: inPartition(PLC_, ({ loads: [first] }) => ({
        loads:
          first === undefined
            ? []
            : [
                { ...first, size: 512 },
                { ...first, name: "device tree", source: first.source + 512, ipa: first.ipa + 0x1_f000, size: 512 },
              ],
      })),
    },
    { what: "by a ring in the mailbox's own page", on: UPDATABLE, plan: update({ ring: 0x5010_0000 }) },
    { what: "by a ring that ends behind the mailbox's region", on: UPDATABLE, plan: update({ ring: 0x5010_2000 }) },
    { what: "by a ring in the memory", on: UPDATABLE, plan: update({ ring: 0x6000_0000 }) },
    { what: "by the partition itself", on: UPDATABLE, plan: update({ partition: LINUX_ }) },
    { what: "by one without a mailbox", on: UPDATABLE, plan: update({ partition: LINUX_, bringer: PLC_ }) },
    { what: "by a partition that is not there", on: UPDATABLE, plan: update({ bringer: 2 }) },
    { what: "of a partition that is not there", on: UPDATABLE, plan: update({ partition: 2 }) },
  ],
  loadTarget: [
    { what: "outside", plan: load(PLC_, { ipa: 0x6000_0000 }) },
    { what: "over the end", plan: load(PLC_, { ipa: 0x40ff_ffc0 }) },
    { what: "in a channel", plan: load(PLC_, { ipa: 0x5000_0000 }) },
    {
      what: "one over the other",
      plan: inPartition(PLC_, ({ loads: [first] }) => ({
        loads:
          first === undefined
            ? []
            : [
                { ...first, size: 512 },
                { ...first, source: first.source + 512, ipa: first.ipa + 448, size: 512 },
              ],
      })),
    },
  ],
  lineOwner: [
    { what: "in two partitions", plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(48)] })) },
    { what: "not there", plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(288)] })) },
    {
      what: "the first one that is not there",
      plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(STANDARD.board.spiLimit)] })),
    },
    { what: "an SGI", plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(7)] })) },
  ],
  lineOnce: [
    {
      what: "listed twice",
      plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(60)] })),
      blob: (bench) => {
        const blob = readBlob(bench.system.blob);
        const { records } = blob;
        const [first = {}] = records["Interrupt"] ?? [];
        const partitions = (records["Partition"] ?? []).map((each, n) =>
          n === 0
            ? { ...each, interruptCount: Number(each["interruptCount"]) + 1 }
            : { ...each, interruptFirst: Number(each["interruptFirst"]) + 1 },
        );
        const Interrupt = [first, ...(records["Interrupt"] ?? [])];
        return encodeBlob({ ...blob, records: { ...records, Interrupt, Partition: partitions } });
      },
    },
    {
      what: "neither edge nor level",
      plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, edge(60)] })),
      blob: record("Interrupt", 0, { trigger: 2 }),
    },
  ],
  ppis: [
    { what: "the PMU's without the PMU", plan: partition(PLC_, { ppis: [23, 27, 30] }) },
    { what: "the hypervisor's timer", plan: partition(PLC_, { ppis: [26, 27, 30] }) },
    { what: "the maintenance interrupt", plan: partition(PLC_, { ppis: [25, 27, 30] }) },
    { what: "one that the board has for something else", plan: partition(PLC_, { ppis: [27, 29, 30] }) },
    { what: "no physical timer", plan: partition(PLC_, { ppis: [27] }) },
    { what: "an SGI", plan: partition(PLC_, { ppis: [0, 27, 30], pmu: true }) },
    { what: "an SGI, without the PMU", plan: partition(PLC_, { ppis: [0, 27, 30] }) },
    {
      what: "SGI 0, where the PMU is not wired",
      plan: (plan) => unwired(partition(PLC_, { ppis: [0, 27, 30], pmu: true })(plan)),
    },
  ],
  console: [
    { what: "another partition's", plan: partition(PLC_, { consoleInterrupt: 232 }) },
    { what: "a level interrupt", plan: interrupt(PLC_, 234, { trigger: "level" }) },
    { what: "nobody's", plan: partition(PLC_, { consoleInterrupt: 250 }) },
  ],
  channelEnds: [
    { what: "a partner that has no end", plan: end(PLC_, { peer: AUX_ }) },
    { what: "itself", plan: end(PLC_, { peer: PLC_ }) },
    { what: "nobody", plan: end(PLC_, { peer: 3 }) },
    { what: "where no memory is", plan: end(PLC_, { ipa: 0x5000_2000 }) },
    { what: "in the mailbox", plan: end(PLC_, { ipa: 0x5000_1000 }) },
    { what: "larger than its memory", plan: end(PLC_, { size: 0x2000 }) },
    {
      what: "memory that is no end",
      plan: inPartition(PLC_, ({ regions }) => ({
        regions: [...regions, { ...shared(0x5000_8000, 0x5000_8000), name: "more" }],
      })),
    },
  ],
  doorbell: [
    { what: "nobody's", plan: end(PLC_, { doorbell: 250 }) },
    { what: "one's own", plan: end(PLC_, { doorbell: 235 }) },
    { what: "a third one's", plan: end(PLC_, { doorbell: 236 }) },
    { what: "the partner's console", plan: end(PLC_, { doorbell: 232 }) },
    { what: "a level interrupt", plan: end(PLC_, { doorbell: 48 }) },
    { what: "an SGI", plan: end(PLC_, { doorbell: 3 }) },
    { what: "of two ends", plan: inPartition(PLC_, ({ channels }) => ({ channels: [...channels, ...channels] })) },
  ],
  quiesce: [
    { what: "memory", plan: silence(0x6000_0000) },
    { what: "the UART", plan: silence(0x0900_0030) },
    { what: "half a register", plan: silence(0x0a00_0072) },
    { what: "behind the device", plan: silence(0x0a00_4000) },
    { what: "another partition's channel", plan: silence(0x5000_0000) },
    { what: "the pCPU's interface of a GICv2", on: GICV2, plan: silence(0x0804_0000) },
  ],
};

const benches = new Map<SystemSpec, BlobBench>();
function benchFor(spec: SystemSpec): BlobBench {
  const bench = benches.get(spec) ?? new BlobBench(spec);
  benches.set(spec, bench);
  return bench;
}

test("every promise that AArch64 makes is tried", () => {
  const made = Object.entries<PromiseRow>(PROMISES).flatMap(([id, { isa = "aarch64" }]) => (isa === "aarch64" ? [id] : []));
  expect(Object.keys(TRIALS).sort()).toEqual(made.sort());
});

test.each([
  ["the standard one", WHOLE],
  ["GICv2", GICV2],
  ["direct", DIRECT],
  ["bandwidth", BANDWIDTH],
  ["ways", WAYS],
  ["coloured", COLOURED],
] as const)("a sound system is taken: %s", (_, spec) => {
  expect(prove(makeSystem(spec).plan)).toEqual([]);
  expect(benchFor(spec).boot()).toBe("runs");
});

describe.each(Object.entries(TRIALS) as [PromiseId, readonly Trial[]][])("%s", (id, trials) => {
  test.each(trials.map((trial) => [trial.what, trial] as const))(`${PROMISES[id].sentence}: not ${"%s"}`, (_, trial) => {
    const bench = benchFor(trial.on ?? WHOLE);
    const altered = trial.plan(bench.system.plan);
    expect(prove(altered).map(({ promise }) => promise)).toContain(id);
    expect(bench.boot(trial.blob?.(bench) ?? writeBlob(altered))).toContain(BLOB_ERRORS[PROMISES[id].error]);
  });
});

/** Behind the image, and behind the largest blob that there may be. */
const BEHIND_IMAGE = (plan: Plan): number => plan.image.base + plan.image.size + BLOB_MAX_BYTES;
const with8 = (address: number): ((plan: Plan) => Plan) =>
  inPartition(PLC_, ({ regions }) => ({ regions: [...regions, { ...ram(address, 0x7e00_0000, 0x1000), name: "more" }] }));
/** What only just fits: one step further each of these is among what is refused above. */
const FITS: readonly Trial[] = [
  { what: "memory up to the last byte of RAM", plan: region(PLC_, MEMORY, { pa: 0x7f00_0000 }) },
  { what: "memory right behind another partition's", plan: region(PLC_, MEMORY, { pa: 0x6200_0000 }) },
  { what: "memory right before another partition's", plan: region(PLC_, MEMORY, { pa: 0x5f00_0000 }) },
  {
    what: "memory from the first byte of RAM on, up to the image",
    plan: (plan) =>
      inPartition(PLC_, ({ regions }) => ({
        regions: [...regions, { ...ram(0x6000_0000, 0x4000_0000, 0x20_0000), name: "more" }],
      }))(plan),
  },
  {
    what: "memory right behind image and blob",
    plan: (plan) =>
      inPartition(PLC_, ({ regions }) => ({
        regions: [...regions, { ...ram(0x6000_0000, BEHIND_IMAGE(plan), 0x1000), name: "more" }],
      }))(plan),
  },
  ...[0x0801_0000, 0x0809_f000, 0x080c_0000, 0x08ff_f000, 0x0900_1000].map((ipa) => ({
    what: `memory right beside what is emulated: 0x${ipa.toString(16)}`,
    plan: with8(ipa),
  })),
  { what: "memory at IPA 0", plan: with8(0) },
  { what: "the last page of all IPAs", plan: with8(2 ** 40 - 0x1000) },
  ...[0x0801_0000, 0x0809_f000, 0x08ff_f000, 0x0900_1000].map((at) => ({
    what: `a device right beside the hypervisor's: 0x${at.toString(16)}`,
    on: STANDARD,
    plan: inPartition(PLC_, ({ regions, console }) => ({
      regions: [...regions, device(at, 0x1000)],
      console: console === 0 ? 0 : 0x0a00_0000,
      gicd: 0x1000_0000,
      gicr: 0x1001_0000,
    })),
  })),
  {
    what: "an image up to the last byte of the memory",
    plan: inPartition(PLC_, ({ loads: [first] }) => ({
      loads: first === undefined ? [] : [{ ...first, ipa: 0x4100_0000 - first.size }],
    })),
  },
  {
    what: "two images, one right behind the other",
    plan: inPartition(PLC_, ({ loads: [first] }) => ({
      loads:
        first === undefined
          ? []
          : [
              { ...first, size: 512 },
              { ...first, source: first.source + 512, ipa: first.ipa + 512, size: 512 },
            ],
    })),
  },
  {
    what: "an image that ends where the hypervisor's memory does",
    plan: (plan) =>
      inPartition(PLC_, ({ loads }) => ({ loads: loads.map((each) => ({ ...each, source: plan.image.size - each.size })) }))(
        plan,
      ),
  },
  {
    what: "the first and the last SPI",
    plan: inPartition(PLC_, ({ interrupts }) => ({ interrupts: [...interrupts, level(32), level(255)] })),
  },
  {
    what: "the first and the last register of a device",
    plan: inPartition(LINUX_, ({ devices }) => ({
      devices: at(at(devices, 0, { quiesce: { pa: 0x0a00_0000, value: 0 } }), 1, { quiesce: { pa: 0x0a00_3ffc, value: 0 } }),
    })),
  },
  { what: "a PMU that is not wired, where nobody is held by it", plan: unwired },
  { what: "the PMU's interrupt with the PMU", plan: partition(PLC_, { ppis: [23, 27, 30], pmu: true }) },
  { what: "the last pCPU keeps house", plan: with_({ housekeeper: 3 }) },
  { what: "an argument at the last byte of the memory", plan: partition(PLC_, { argument: 0x40ff_ffff }) },
  {
    what: "an entry at the first instruction, and at the last one",
    plan: (plan) => partition(LINUX_, { entry: 0x61ff_fffc })(partition(PLC_, { entry: 0x4000_0000 })(plan)),
  },
];

test.each(FITS.map((trial) => [trial.what, trial] as const))("what only just fits is taken: %s", (_, trial) => {
  const bench = benchFor(trial.on ?? WHOLE);
  const altered = trial.plan(bench.system.plan);
  expect(prove(altered)).toEqual([]);
  const memory = altered.partitions.flatMap(({ regions }) => regions.filter(({ kind }) => kind === "ram" || kind === "mailbox"));
  expect(bench.boot(writeBlob(altered), memory)).toBe("runs");
});
