// Plan → blob.
import { crc32 } from "node:zlib";
import * as abi from "../../core/abi.ts";
import { loadsBefore } from "../plan/plan.ts";
import type {
  OnFailure, Plan, PlannedCpu, PlannedMatch, PlannedPartition, PlannedRegion, PlannedUpdate,
} from "../plan/plan.ts";
import { isaOfPlan, LOAD_ALIGN } from "../plan/plan.ts";
import { alignUp, gapsOf } from "../units.ts";
import * as aarch64 from "./aarch64.ts";
import { bitsOf } from "./bits.ts";
import { arrange, arrayFields, fixedPart, writeRecord } from "./codec.ts";
import type { Blob, BlobRecord, BlobRecords, FieldValue } from "./codec.ts";
import { BlobError } from "./errors.ts";
import type { BoardIsa } from "../../boards/isa.ts";
import { place } from "./field.ts";
import { ISA_TABLES, layoutOf } from "./isas.ts";
import * as table from "./layout.table.ts";
import * as riscv64 from "./riscv64.ts";
import { textsOf } from "./texts.ts";
import { uartWords } from "./uart.ts";
import type { UartWords } from "./uart.ts";

/** The checksum covers everything behind itself. */
export const CHECKSUM_FROM = 16;

const ON_FAILURE: Readonly<Record<OnFailure, number>> = {
  stop: abi.ON_FAILURE_STOP,
  restart: abi.ON_FAILURE_RESTART,
  inspect: abi.ON_FAILURE_INSPECT,
};
const REGION_KIND = {
  ram: table.REGION_RAM,
  device: table.REGION_DEVICE,
  channel: table.REGION_CHANNEL,
  mailbox: table.REGION_MAILBOX,
  interface: table.REGION_DEVICE,
} as const;
const TRIGGER = { level: table.INTERRUPT_LEVEL, edge: table.INTERRUPT_EDGE } as const;
const ACCESS: Readonly<Record<string, number>> = {
  r: table.REGION_READ,
  w: table.REGION_WRITE,
  x: table.REGION_EXECUTE,
};
const WATCHDOG_KIND = { dw: table.WATCHDOG_DW, imx: table.WATCHDOG_IMX } as const;
const UART_KIND = {
  pl011: table.UART_PL011,
  ns16550: table.UART_NS16550,
  cadence: table.UART_CADENCE,
  imx: table.UART_IMX,
} as const;
const MATCH_HOW = { is: table.MATCH_IS, has: table.MATCH_HAS, absent: table.MATCH_ABSENT } as const;
/** What a plan says of the fields that its ISA has. */
interface OwnRecords {
  machineRecord(plan: Plan): BlobRecord;
  cpuRecord(cpu: PlannedCpu): BlobRecord;
  flagsOf(partition: PlannedPartition): number;
  partitionRecord(partition: PlannedPartition): BlobRecord;
}
const OWN: Readonly<Record<BoardIsa, OwnRecords>> = { aarch64, riscv64 };

/** For the packer. */
export const uartOf = (plan: Plan): UartWords => uartWords(header(plan));

export function writeBlob(plan: Plan): Uint8Array {
  return encodeBlob(blobOf(plan));
}

/** Bytes the blob of this plan takes, wherever its loads will be. */
export function blobSize(plan: Plan): number {
  const { isa, records } = blobOf(plan);
  return arrange(isa, records).size;
}

function blobOf(plan: Plan): Blob {
  const isa = isaOfPlan(plan);
  return { isa, header: header(plan), machine: OWN[isa].machineRecord(plan), records: recordsOf(plan, OWN[isa]) };
}

/** Header fields that follow from the rest (ISA, size, offsets, counts, checksum) are filled in here. */
export function encodeBlob({ isa, header: fields, machine, records: packed }: Blob): Uint8Array {
  const { offsets, size } = arrange(isa, packed);
  if (size > table.BLOB_MAX_BYTES)
    throw new BlobError("AXV-P075", `${size} bytes, and ${table.BLOB_MAX_BYTES} are there`);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const derived: Record<string, FieldValue> = {
    magic: table.BLOB_MAGIC,
    version: table.BLOB_VERSION,
    isa: ISA_TABLES[isa].BLOB_ISA,
    size,
    checksum: 0,
  };
  const { header: head, machine: board, records } = layoutOf(isa);
  writeRecord(view, fixedPart(isa).machineAt, board, machine);
  for (const layout of records) {
    const list = packed[layout.name] ?? [];
    const names = arrayFields(layout);
    const base = offsets[layout.name] ?? 0;
    derived[names.offset] = base;
    derived[names.count] = list.length;
    list.forEach((record, index) => writeRecord(view, base + index * place(layout).size, layout, record));
  }
  writeRecord(view, 0, head, { ...fields, ...derived });
  const checksum = crc32(bytes.subarray(CHECKSUM_FROM));
  writeRecord(view, 0, head, { ...fields, ...derived, checksum });
  return bytes;
}

function header(plan: Plan): BlobRecord {
  return {
    imageBase: BigInt(plan.image.base),
    hypervisorSize: BigInt(plan.image.size),
    uart: BigInt(plan.uart.address),
    watchdog: BigInt(plan.watchdog?.address ?? 0),
    watchdogKind: WATCHDOG_KIND[plan.watchdog?.kind ?? "dw"],
    watchdogTop: plan.watchdog?.top ?? 0,
    uartKind: UART_KIND[plan.uart.kind],
    uartShift: plan.uart.shift,
    uartWide: plan.uart.wide ? 1 : 0,
    uartDivisor: plan.uart.divisor,
    noTree: plan.firmwareTree.expected ? 0 : 1,
    housekeeper: plan.housekeeper,
    tickMicroseconds: plan.tickMicroseconds,
    telemetryMilliseconds: plan.telemetryMilliseconds,
    healthyMicroseconds: plan.healthyMicroseconds,
    commitMicroseconds: plan.commitMicroseconds,
    colourCount: isColoured(plan) ? plan.cache.colours : 0,
    ipaBits: plan.ipaBits,
  };
}

const isColoured = ({ partitions }: Plan): boolean =>
  partitions.some(({ regions }) => regions.some(({ colours }) => colours !== undefined));

function recordsOf(plan: Plan, own: OwnRecords): BlobRecords {
  const region: BlobRecord[] = [];
  const interrupt: BlobRecord[] = [];
  const load: BlobRecord[] = [];
  const channel: BlobRecord[] = [];
  const quiesce: BlobRecord[] = [];
  const partition = plan.partitions.map((planned) => {
    const firsts = {
      regionFirst: region.length,
      interruptFirst: interrupt.length,
      loadFirst: load.length,
      channelFirst: channel.length,
      quiesceFirst: quiesce.length,
    };
    region.push(...planned.regions.toSorted((one, other) => one.ipa - other.ipa).map(regionRecord));
    interrupt.push(...planned.interrupts.map(({ intid, trigger }) => ({ line: intid, trigger: TRIGGER[trigger] })));
    load.push(
      ...planned.loads.map(({ source, ipa, size, zeros = alignUp(size, LOAD_ALIGN) }) => ({
        source: BigInt(source),
        target: BigInt(ipa),
        size: BigInt(alignUp(size, LOAD_ALIGN)),
        zeros: BigInt(zeros),
      })),
    );
    channel.push(
      ...planned.channels.map(({ ipa, size, peer, doorbell }) => ({
        ipa: BigInt(ipa),
        size: BigInt(size),
        peer,
        doorbell,
      })),
    );
    const silenced = planned.devices.flatMap((device) => device.quiesce ?? []);
    quiesce.push(...silenced.map(({ pa, value }) => ({ pa: BigInt(pa), value, reserved: 0 })));
    const common = { ...partitionRecord(planned, own.flagsOf(planned)), ...firsts, quiesceCount: silenced.length };
    return { ...common, ...own.partitionRecord(planned) };
  });
  const cpu = plan.cpus.map((planned) => ({
    partition: planned.partition ?? table.NONE,
    vcpu: planned.vcpu,
    ...own.cpuRecord(planned),
  }));
  return {
    Cpu: cpu,
    Partition: partition,
    Region: region,
    Interrupt: interrupt,
    Load: load,
    Channel: channel,
    Quiesce: quiesce,
    Ram: gapsOf(plan.ram, plan.reserved).map(({ base, size }) => ({ base: BigInt(base), size: BigInt(size) })),
    Init: plan.inits.map(({ pa, mask, value }) => ({ pa: BigInt(pa), mask, value })),
    ...matchRecords(plan.firmwareTree.matches),
    Update: plan.update === undefined ? [] : [updateRecord(plan.update, plan.partitions)],
  };
}

/** Of the partition's loads it is the first that is replaced: its image. */
function updateRecord(update: PlannedUpdate, partitions: readonly PlannedPartition[]): BlobRecord {
  const { partition, bringer, staging, size, ring, key, version } = update;
  const words = Buffer.from(key, "hex");
  return {
    guest: partitions[partition]?.guest ?? "",
    ...Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`key${n}`, words.readBigUInt64LE(8 * n)])),
    staging: BigInt(staging),
    size: BigInt(size),
    ring: BigInt(ring),
    partition,
    bringer,
    load: loadsBefore(partitions, partition),
    version,
  };
}

function matchRecords(matches: readonly PlannedMatch[]): Pick<BlobRecords, "Match" | "Text"> {
  const { words, places } = textsOf(matches);
  return {
    Match: matches.map(({ how }, n) => ({ ...places[n], how: MATCH_HOW[how] })),
    Text: words.map((bytes) => ({ bytes })),
  };
}

function regionRecord({ ipa, pa, size, kind, access, colours = [] }: PlannedRegion): BlobRecord {
  return {
    ipa: BigInt(ipa),
    pa: BigInt(pa),
    size: BigInt(size),
    kind: REGION_KIND[kind],
    access: [...access].reduce((sum, letter) => sum + (ACCESS[letter] ?? 0), 0),
    colours: bitsOf(colours),
    reserved: 0,
  };
}

function partitionRecord(planned: PlannedPartition, isaFlags: number): BlobRecord {
  const sent = planned.tagImage?.overLink === true ? planned.tagImage : undefined;
  return {
    name: planned.name,
    flags:
      (planned.autostart ? table.PARTITION_AUTOSTART : 0) +
      (planned.pmu ? table.PARTITION_PMU : 0) +
      (planned.direct ? table.PARTITION_DIRECT : 0) +
      (planned.ownClock ? table.PARTITION_OWN_CLOCK : 0) +
      (planned.telemetry ? table.PARTITION_TELEMETRY : 0) +
      (planned.commits ? table.PARTITION_COMMITS : 0) +
      isaFlags,
    onFailure: ON_FAILURE[planned.onFailure],
    cpus: bitsOf(planned.cpus),
    bootCpu: planned.cpus[0] ?? table.NONE,
    entry: BigInt(planned.entry),
    argument: BigInt(planned.argument),
    seed: BigInt(planned.seed),
    console: BigInt(planned.console),
    consoleInterrupt: planned.consoleInterrupt,
    mailbox: BigInt(planned.mailbox),
    tags: BigInt(sent?.ipa ?? 0),
    tagBytes: sent?.size ?? 0,
    controls: bitsOf(planned.controls),
    watchdogMicroseconds: planned.watchdogMicroseconds,
    overrunTag: planned.overrunTag,
    bandwidthRefills: planned.bandwidth?.refills ?? 0,
    bandwidthMicroseconds: planned.bandwidth?.periodMicroseconds ?? 0,
    clusterWays: bitsOf(planned.ways),
    regionCount: planned.regions.length,
    interruptCount: planned.interrupts.length,
    loadCount: planned.loads.length,
    channelCount: planned.channels.length,
  };
}
