// The systems that RISC-V's tests run: two harts for the first partition, one for the second, one that is spare. Their blob is
// written by hand, as there is no plan of that ISA yet.
import * as abi from "../../../core/abi.ts";
import type { Blob, BlobRecord } from "../../../partitions/blob/codec.ts";
import {
  INTERRUPT_EDGE, NONE, PARTITION_AUTOSTART, PARTITION_DIRECT, PARTITION_PMU, REGION_DEVICE, REGION_RAM, UART_NS16550,
} from "../../../partitions/blob/layout.table.ts";
import { uartWords } from "../../../partitions/blob/uart.ts";
import { encodeBlob } from "../../../partitions/blob/write.ts";
import { COMMIT_MICROSECONDS, HEALTHY_MICROSECONDS, ram, TELEMETRY_MILLISECONDS, TICK_MICROSECONDS } from "../system.ts";
import type { PartitionSpec, System as AnySystem, SystemSpec as AnySystemSpec, Tried, TriedPartition } from "../system.ts";
import { qemuVirt, TIMEBASE } from "./board.ts";
import type { Board } from "./board.ts";

export type SystemSpec = AnySystemSpec<Board>;
export type System = AnySystem<Board, Tried>;

const MIB = 0x10_0000;
/** Where each partition sees its memory. */
export const IPA = 0x8020_0000;
/** Behind the core: the blob has its largest size there, then comes what partitions load. */
const LOADS = 0x4000;
const LOAD_BYTES = 64;
const HYPERVISOR_BYTES = 0x40_0000n;
const IPA_BITS = 40;
const UART = { uartKind: UART_NS16550, uartShift: 0, uartWide: 0, uartDivisor: 0, noTree: 1 };
const IMSIC_SHIFT = 13;
const [SOURCES, IDENTITIES] = [96, 255];
/** Where a partition sees its UART; and, if it has sources, its APLIC with direct interrupts, else its PLIC. */
export const GUEST_UART = 0x1000_0000;
export const GUEST_APLIC = 0xd00_0000;
export const GUEST_PLIC = 0xc00_0000;
const [ACCESS, DEVICE_ACCESS] = [7, 3];

const image = (n: number): Uint8Array => Uint8Array.from({ length: LOAD_BYTES }, (_, at) => (at * 7 + n) & 0xff);

export const FIRST: PartitionSpec = {
  name: "first", cpus: [0, 1], regions: [ram(IPA, 0x8800_0000, 2 * MIB)], interrupts: [], consoleInterrupt: 0, image: image(1),
};
/** On hart 3: nothing is on hart 2. */
export const SECOND: PartitionSpec = {
  name: "second", cpus: [3], regions: [ram(IPA, 0x9000_0000, 2 * MIB)], interrupts: [], consoleInterrupt: 0, image: image(2),
};
export const STANDARD: SystemSpec = { board: qemuVirt, housekeeper: 2, partitions: [FIRST, SECOND] };

const ON_FAILURE = { stop: abi.ON_FAILURE_STOP, restart: abi.ON_FAILURE_RESTART, inspect: abi.ON_FAILURE_INSPECT } as const;
const bits = (cpus: readonly number[]): number => cpus.reduce((set, cpu) => set | (1 << cpu), 0);

const controllerOf = ({ direct = false, hasController = true, interrupts }: PartitionSpec): bigint =>
  hasController && interrupts.length > 0 ? BigInt(direct ? GUEST_APLIC : GUEST_PLIC) : 0n;
/** How many records the partitions before have. */
const before = (partitions: readonly PartitionSpec[], n: number, kind: "regions" | "interrupts"): number =>
  partitions.slice(0, n).reduce((sum, one) => sum + one[kind].length, 0);

function blobOf({ board, housekeeper, partitions }: SystemSpec, plan: Tried): Blob {
  const record = (one: PartitionSpec, n: number): BlobRecord => {
    const { name, cpus, regions, interrupts, consoleInterrupt, direct = false, pmu = false, onFailure = "stop" } = one;
    return {
      name, flags: PARTITION_AUTOSTART + (direct ? PARTITION_DIRECT : 0) + (pmu ? PARTITION_PMU : 0),
      onFailure: ON_FAILURE[onFailure],
      cpus: bits(cpus), bootCpu: cpus[0] ?? 0, entry: BigInt(IPA), argument: 0n, seed: 0n,
      console: consoleInterrupt === 0 ? 0n : BigInt(GUEST_UART), consoleInterrupt,
      mailbox: 0n, tags: 0n, tagBytes: 0, controls: 0, watchdogMicroseconds: 0,
      overrunTag: 0, bandwidthRefills: 0, bandwidthMicroseconds: 0, clusterWays: 0, controller: controllerOf(one),
      regionFirst: before(partitions, n, "regions"), regionCount: regions.length,
      interruptFirst: before(partitions, n, "interrupts"), interruptCount: interrupts.length, loadFirst: n, loadCount: 1,
      channelFirst: 0, channelCount: 0, quiesceFirst: 0, quiesceCount: 0,
    };
  };
  return {
    isa: "riscv64",
    header: {
      imageBase: BigInt(board.imageBase), hypervisorSize: HYPERVISOR_BYTES, uart: BigInt(board.uart), ...UART,
      watchdog: 0n, watchdogKind: 0, watchdogTop: 0,
      housekeeper,
      tickMicroseconds: TICK_MICROSECONDS, telemetryMilliseconds: TELEMETRY_MILLISECONDS,
      healthyMicroseconds: HEALTHY_MICROSECONDS, commitMicroseconds: COMMIT_MICROSECONDS, colourCount: 0, ipaBits: IPA_BITS,
    },
    machine: {
      imsic: BigInt(board.imsic), imsicShift: IMSIC_SHIFT, sources: SOURCES, aplic: BigInt(board.aplic), timebase: TIMEBASE,
      identities: IDENTITIES,
    },
    records: {
      Cpu: board.cpus.map(({ hart }, n) => ({
        id: BigInt(hart), partition: plan.cpus[n]?.partition ?? NONE, vcpu: plan.cpus[n]?.vcpu ?? 0, guestFiles: board.guestFiles,
        reserved: 0,
      })),
      Partition: partitions.map(record),
      Region: partitions.flatMap(({ regions }) => regions.map(({ ipa, pa, size, kind }) => ({
        ipa: BigInt(ipa), pa: BigInt(pa), size: BigInt(size), colours: 0, reserved: 0,
        ...(kind === "ram" ? { kind: REGION_RAM, access: ACCESS } : { kind: REGION_DEVICE, access: DEVICE_ACCESS }),
      }))),
      Interrupt: partitions.flatMap(({ interrupts }) => interrupts.map(({ intid, trigger }) => ({
        line: intid, trigger: trigger === "edge" ? INTERRUPT_EDGE : 0,
      }))),
      Load: loadsOf({ board, partitions }).map(({ source, bytes: { length } }) => ({
        source: BigInt(source), target: BigInt(IPA), size: BigInt(length), zeros: BigInt(length),
      })),
      Ram: board.ram.map(({ pa, size }) => ({ base: BigInt(pa), size: BigInt(size) })),
    },
  };
}

const loadsOf = ({ board, partitions }: Pick<SystemSpec, "board" | "partitions">): System["loads"] =>
  partitions.map(({ image: bytes = image(0) }, n) => ({ source: board.imageSize + LOADS + n * LOAD_BYTES, bytes }));

/** With what of a sound blob is not as it should be. */
export function makeSystem(spec: SystemSpec, alter = (sound: Blob): Blob => sound): System {
  const partitions = spec.partitions.map(({ name, cpus, direct = false, regions, interrupts }): TriedPartition => ({
    name, cpus, direct, regions, entry: IPA, interrupts, channels: [], console: 0, consoleInterrupt: 0, mailbox: 0,
    bandwidth: null,
  }));
  const cpus = spec.board.cpus.map((_, n) => {
    const owner = partitions.findIndex((one) => one.cpus.includes(n));
    return { partition: owner < 0 ? null : owner, vcpu: owner < 0 ? 0 : (partitions[owner]?.cpus.indexOf(n) ?? 0) };
  });
  const plan = { housekeeper: spec.housekeeper, cpus, partitions };
  const own = ({ regions }: PartitionSpec) => regions.filter(({ kind }) => kind === "ram").map(({ pa, size }) => ({ pa, size }));
  const memory = spec.partitions.flatMap(own);
  const blob = blobOf(spec, plan);
  return {
    spec, plan, loads: loadsOf(spec), blob: encodeBlob(alter(blob)), uart: uartWords(blob.header),
    silencers: [], privateMemory: memory, partitionMemory: memory,
  };
}
