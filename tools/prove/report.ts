// A proof as plain data: what a safety file keeps, and what is printed (show.ts). The same image gives the same bytes.
import type { Isa } from "../../boards/isa.ts";
import { projectVersion } from "../../partitions/project.ts";
import { isaOf } from "../../partitions/isas.ts";
import { end, overlaps } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";
import type { Running } from "./checks.table.ts";
import type { Core } from "./core.ts";
import { piecesOf } from "./declared.ts";
import type { Partition, Region } from "./declared.ts";
import type { PackedFit } from "./fit.ts";
import type { Check, Proof } from "./prove.ts";
import type { Reach, Stretch } from "./reach.ts";

export interface MemoryRow {
  readonly partition: string;
  readonly ipa: number;
  readonly pa: number;
  /** What the partition sees of it. */
  readonly size: number;
  /** A subset of "rwx". */
  readonly access: string;
  readonly memory: Stretch["memory"];
  /** "memory", "mailbox", names of devices, or the partition at a channel's other end. */
  readonly what: string;
  /** From `pa` on it has the pages of these colours. */
  readonly colours?: readonly number[];
}

export interface PartitionRow {
  readonly name: string;
  readonly vmid: number;
  readonly pcpus: readonly number[];
  readonly interrupts: "direct" | "injected";
  /** What it is trusted with, or may do to others, by its system.yaml. */
  readonly trusted: readonly string[];
}

export interface LineRow {
  /** Its INTID; or the number of the source. */
  readonly intid: number;
  readonly partition: string;
  /** pCPUs that it can be sent to. */
  readonly pcpus: readonly number[];
  readonly what: string;
}

export interface CpuRow {
  readonly pcpu: number;
  /** MPIDR_EL1's affinities; mhartid. */
  readonly id: number;
  /** Null: a spare one. */
  readonly partition: string | null;
  readonly vcpu: number;
  readonly keepsHouse: boolean;
}

export interface DeviceRow {
  readonly name: string;
  readonly partition: string;
  readonly base: number;
  readonly size: number;
  /** Reads and writes memory by itself; null: nobody says. */
  readonly dma: boolean | null;
  /** A register of it is written when its partition stops, so that its DMA ends. */
  readonly silenced: boolean;
}

export interface SharedRow {
  readonly pa: number;
  readonly size: number;
  readonly between: readonly [string, string];
  /** Null: nothing allows it. */
  readonly why: string | null;
}

export interface OwnRow {
  readonly what: string;
  readonly base: number;
  readonly size: number;
}

export interface Report {
  readonly image: {
    readonly sha256: string;
    readonly bytes: number;
    readonly isa: Isa;
    /** Null: the blob cannot be read. */
    readonly blobVersion: number | null;
    readonly blobCrc32: number | null;
  };
  /** Null: the file is the image. */
  readonly fit: {
    readonly sha256: string;
    readonly configurations: readonly string[];
    readonly compatible: readonly string[];
    /** Keys that its signatures name; whether these hold is U-Boot's to check. */
    readonly keys: readonly string[];
  } | null;
  readonly tool: { readonly version: string; readonly coreWasmSha256: string; readonly coreSha256: string };
  readonly board: { readonly name: string; readonly description: string } | null;
  readonly partitions: readonly PartitionRow[];
  readonly pcpus: readonly CpuRow[];
  readonly memory: readonly MemoryRow[];
  readonly interrupts: readonly LineRow[];
  readonly devices: readonly DeviceRow[];
  readonly shared: readonly SharedRow[];
  /** Nobody's but the hypervisor's, or firmware's. */
  readonly hypervisor: readonly OwnRow[];
  /** Devices that reach all memory, the hypervisor's too, and so do those who drive them. */
  readonly dma: readonly { readonly partition: string; readonly devices: readonly string[] }[];
  /** Devices of which nobody says whether they do. */
  readonly dmaUnknown: readonly { readonly partition: string; readonly devices: readonly string[] }[];
  readonly checks: readonly Check[];
  readonly proven: boolean;
}

const HYPERVISOR = "the hypervisor";

export function reportOf(proof: Proof, core: Core): Report {
  const { blob, board, running } = proof;
  const devices = running === undefined ? [] : deviceRows(running);
  return {
    image: {
      sha256: proof.sha256,
      bytes: proof.bytes,
      isa: core.isa,
      blobVersion: blob === undefined ? null : Number(blob.header["version"]),
      blobCrc32: blob === undefined ? null : Number(blob.header["checksum"]),
    },
    fit: proof.packed === undefined ? null : fitOf(proof.packed),
    tool: { version: projectVersion(), coreWasmSha256: core.sha256.wasm, coreSha256: core.sha256.binary },
    board: board === undefined ? null : { name: board.name, description: board.description },
    ...(running === undefined ? NOTHING : rowsOf(running)),
    devices,
    dma: byPartition(devices.filter(({ dma }) => dma === true)),
    dmaUnknown: byPartition(devices.filter(({ dma }) => dma === null)),
    checks: proof.checks,
    proven: proof.isProven,
  };
}

function fitOf({ sha256, fit }: PackedFit): Report["fit"] {
  const configurations = [...fit.configurations.values()];
  return {
    sha256,
    configurations: configurations.map(({ name }) => name),
    compatible: [...new Set(configurations.flatMap(({ compatible }) => compatible))],
    keys: [...new Set(configurations.flatMap(({ signatures }) => signatures.map(({ key }) => key ?? "")))],
  };
}

const byPartition = (rows: readonly DeviceRow[]): Report["dma"] =>
  [...new Set(rows.map(({ partition }) => partition))].map((partition) => ({
    partition, devices: [...new Set(rows.flatMap((row) => (row.partition === partition ? [row.name] : [])))],
  }));

const NOTHING = { partitions: [], pcpus: [], memory: [], interrupts: [], shared: [], hypervisor: [] };

function rowsOf(running: Running): { readonly [Name in keyof typeof NOTHING]: Report[Name] } {
  const { board, declared, reaches, shared } = running;
  const { partitions, cpus, housekeeper } = declared;
  const nameOf = (n: number): string => partitions[n]?.name ?? "";
  return {
    partitions: partitions.map((partition, n) => partitionRow(board.isa, partition, reaches[n], nameOf)),
    pcpus: cpus.map(({ id, partition, vcpu }, pcpu) => ({
      pcpu, id, vcpu, partition: partition === undefined ? null : nameOf(partition), keepsHouse: pcpu === housekeeper,
    })),
    memory: partitions.flatMap((_, n) => memoryRows(running, n)),
    interrupts: reaches.flatMap(({ lines, targets }, n) => lines.map((intid): LineRow => ({
      intid, partition: nameOf(n), pcpus: targets.get(intid) ?? [], what: useOf(running, n, intid),
    }))).sort((a, b) => a.intid - b.intid),
    shared: [
      ...shared.map(({ base, size, between: [a, b], why }): SharedRow =>
        ({ pa: base, size, between: [nameOf(a), nameOf(b)], why: why ?? null })),
      ...partitions.flatMap(({ regions, name }) => regions.flatMap(({ kind, pa, size }): SharedRow[] =>
        (kind === "mailbox" ? [{ pa, size, between: [name, HYPERVISOR], why: "mailbox" }] : []))),
    ],
    hypervisor: ownRows(running),
  };
}

function partitionRow(isa: Isa, partition: Partition, reach: Reach | undefined, nameOf: (n: number) => string): PartitionRow {
  const { name, cpus, direct, trustedSgi, pmu, telemetry, controls } = partition;
  return {
    name, pcpus: cpus,
    vmid: reach?.pcpus[0]?.vmid ?? 0,
    interrupts: direct ? "direct" : "injected",
    trusted: [
      ...(direct && isa === "aarch64" ? ["ends of interrupts (EOIR) of others"] : []),
      ...(trustedSgi ? ["SGIs to every pCPU"] : []),
      ...(pmu ? ["the PMU of its pCPUs"] : []),
      ...(telemetry ? ["reads what leaves by the UART"] : []),
      ...controls.map((n) => `commands ${nameOf(n)}`),
    ],
  };
}

/** Its regions, where the walk has found them as they are declared; else what the walk has found. */
function memoryRows(running: Running, n: number): MemoryRow[] {
  const { declared: { partitions, colourCount }, reaches } = running;
  const { name = "", regions = [] } = partitions[n] ?? {};
  const walked = reaches[n]?.memory ?? [];
  const rows = [...regions].sort((a, b) => a.ipa - b.ipa).flatMap((region): MemoryRow[] => {
    const [piece] = piecesOf(region, colourCount);
    const found = walked.find(({ ipa, size }) => ipa <= region.ipa && region.ipa < ipa + size);
    if (piece === undefined || found === undefined || found.pa + region.ipa - found.ipa !== piece.pa) return [];
    const { ipa, size, colours } = region;
    return [{
      partition: name, ipa, pa: region.pa, size, access: found.access, memory: found.memory, what: whatOf(running, n, region),
      ...(colours.length > 0 && { colours }),
    }];
  });
  const isWhole = rows.reduce((sum, { size }) => sum + size, 0) === walked.reduce((sum, { size }) => sum + size, 0);
  return isWhole ? rows : walked.map((stretch) => ({ partition: name, ...stretch, what: "" }));
}

/** Of what a partition has of the interrupt controller in memory. */
const INTERFACE: Readonly<Record<Isa, string>> = { aarch64: "CPU interface of the GIC", riscv64: "interrupt file of a hart" };

function whatOf({ board, declared, devices }: Running, n: number, { kind, ipa, pa, size }: Region): string {
  const { partitions } = declared;
  switch (kind) {
    case "ram":
      return "memory";
    case "mailbox":
    case "unknown":
      return kind;
    case "channel": {
      const channel = partitions[n]?.channels.find((end) => end.ipa === ipa);
      return `channel with ${partitions[channel?.peer ?? -1]?.name ?? "nobody"}`;
    }
    case "device": {
      const there = devices.filter(({ pages }) => pages.some((page) => overlaps(page, { base: pa, size })));
      return there.length === 0 ? INTERFACE[board.isa] : there.map(({ name }) => name).join(", ");
    }
  }
}

function useOf({ board, declared: { partitions }, devices }: Running, n: number, intid: number): string {
  const { consoleLine } = partitions[n] ?? {};
  const ringer = partitions.find(({ channels }) => channels.some(({ peer, doorbell }) => peer === n && doorbell === intid));
  if (intid === consoleLine) return "console";
  if (ringer !== undefined) return `doorbell of ${ringer.name}`;
  const { of: lineOf } = isaOf(board).linesOf(board);
  return devices.filter(({ spis }) => spis.some((spi) => lineOf(spi) === intid)).map(({ name }) => name).join(", ");
}

/** Devices of whose registers a partition reaches any: whole pages are given. */
function deviceRows({ declared, devices, reaches }: Running): DeviceRow[] {
  return declared.partitions.flatMap(({ name: partition, silenced }, n) => {
    const reached = (reaches[n]?.memory ?? []).map(({ pa, size }): Span => ({ base: pa, size }));
    return devices.flatMap(({ name, windows, dma }) =>
      windows.filter((window) => reached.some((stretch) => overlaps(stretch, window))).map((window): DeviceRow => ({
        name, partition, ...window,
        dma: dma ?? null,
        silenced: silenced.some((pa) => window.base <= pa && pa < end(window)),
      })));
  });
}

function ownRows({ board, declared: { imageBase, hypervisorSize } }: Running): OwnRow[] {
  return [
    { what: "hypervisor: image, stacks, data, tables", base: imageBase, size: hypervisorSize },
    ...isaOf(board).framesOf(board).map(({ what, span }) => ({ what, ...span })),
    { what: "UART", base: board.uart.reg, size: UART_BYTES },
    ...(board.watchdog === undefined ? [] : [{ what: "watchdog", base: board.watchdog.reg, size: UART_BYTES }]),
    ...board.reserved.map(({ what, base, size }) => ({ what: `firmware: ${what}`, base, size })),
  ].sort((a, b) => a.base - b.base);
}
const UART_BYTES = 0x1000;

