// What a blob declares, by name: what each partition is to have. A claim, that checks.table.ts holds against what the core then
// really gives.
import { NO_GICR, PARTITION_TRUSTED_SGI } from "../../partitions/blob/aarch64.table.ts";
import type { Blob, BlobRecord } from "../../partitions/blob/codec.ts";
import * as table from "../../partitions/blob/layout.table.ts";
import { oneLine } from "../../partitions/source/text.ts";
import { PAGE } from "../../partitions/units.ts";
import type { Span } from "../../partitions/units.ts";

/** unknown: what is none of these is taken for none of these. */
export type RegionKind = "ram" | "device" | "channel" | "mailbox" | "unknown";

export interface Region {
  readonly ipa: number;
  readonly pa: number;
  readonly size: number;
  readonly kind: RegionKind;
  /** A subset of "rwx". */
  readonly access: string;
  /** From `pa` on it has pages of these colours only; empty: all. */
  readonly colours: readonly number[];
}

export interface ChannelEnd {
  readonly ipa: number;
  readonly size: number;
  readonly peer: number;
  /** Line of the peer's that ringing makes pending. */
  readonly doorbell: number;
}

export interface Partition {
  readonly name: string;
  readonly cpus: readonly number[];
  readonly direct: boolean;
  readonly trustedSgi: boolean;
  readonly pmu: boolean;
  readonly telemetry: boolean;
  readonly autostart: boolean;
  /** Partitions that it may command. */
  readonly controls: readonly number[];
  readonly mailbox: number;
  /** IPAs of its emulated GIC. */
  readonly gicd: number;
  readonly gicr: number | undefined;
  /** IPA of its emulated APLIC, or with injected interrupts PLIC; 0: it has none. */
  readonly controller: number;
  /** It sees an interrupt controller by which it hears of its lines. */
  readonly hears: boolean;
  readonly consoleLine: number;
  readonly ppis: readonly number[];
  readonly regions: readonly Region[];
  readonly lines: readonly number[];
  readonly channels: readonly ChannelEnd[];
  /** PAs of registers of its devices that are written when it stops. */
  readonly silenced: readonly number[];
  /** IPAs of what is copied into its memory at each start. */
  readonly loaded: readonly Span[];
}

export interface Cpu {
  readonly id: number;
  /** Undefined: a spare one. */
  readonly partition: number | undefined;
  readonly vcpu: number;
}

export interface Init {
  readonly pa: number;
  readonly mask: number;
  readonly value: number;
}

export interface Load {
  /** Offset in the image. */
  readonly source: number;
  /** Bytes of it that are in the image. */
  readonly stored: number;
}

export interface Declared {
  readonly imageBase: number;
  /** Bytes from there on that are the hypervisor's. */
  readonly hypervisorSize: number;
  readonly housekeeper: number;
  readonly colourCount: number;
  readonly ipaBits: number;
  readonly cpus: readonly Cpu[];
  readonly partitions: readonly Partition[];
  readonly inits: readonly Init[];
  readonly loads: readonly Load[];
  /** RAM that new images of a partition come to before they are its own. */
  readonly staging: readonly Span[];
}

const KINDS: readonly RegionKind[] = ["ram", "device", "channel", "mailbox"];
const ACCESS = [[table.REGION_READ, "r"], [table.REGION_WRITE, "w"], [table.REGION_EXECUTE, "x"]] as const;

const number = (record: BlobRecord, field: string): number => Number(record[field] ?? 0);
/** Bits of a u32 that are set. */
const bits = (record: BlobRecord, field: string): number[] => {
  const value = BigInt(number(record, field));
  return Array.from({ length: 32 }, (_, n) => n).filter((n) => ((value >> BigInt(n)) & 1n) !== 0n);
};
const has = (record: BlobRecord, flag: number): boolean => Math.floor(number(record, "flags") / flag) % 2 === 1;

/** Of a kind's records, those that a partition says are its own. */
const ownOf = (blob: Blob, partition: BlobRecord, kind: string): readonly BlobRecord[] => {
  const stem = kind.toLowerCase();
  const first = number(partition, `${stem}First`);
  return (blob.records[kind] ?? []).slice(first, first + number(partition, `${stem}Count`));
};

const regionOf = (record: BlobRecord): Region => ({
  ipa: number(record, "ipa"),
  pa: number(record, "pa"),
  size: number(record, "size"),
  kind: KINDS[number(record, "kind")] ?? "unknown",
  access: ACCESS.map(([bit, letter]) => (Math.floor(number(record, "access") / bit) % 2 === 1 ? letter : "")).join(""),
  colours: bits(record, "colours"),
});

function partitionOf(blob: Blob, record: BlobRecord): Partition {
  return {
    name: oneLine(String(record["name"])),
    cpus: bits(record, "cpus"),
    direct: has(record, table.PARTITION_DIRECT),
    trustedSgi: blob.isa === "aarch64" && has(record, PARTITION_TRUSTED_SGI),
    pmu: has(record, table.PARTITION_PMU),
    telemetry: has(record, table.PARTITION_TELEMETRY),
    autostart: has(record, table.PARTITION_AUTOSTART),
    controls: bits(record, "controls"),
    mailbox: number(record, "mailbox"),
    gicd: number(record, "gicd"),
    gicr: number(record, "gicr") === NO_GICR ? undefined : number(record, "gicr"),
    controller: number(record, "controller"),
    hears: blob.isa === "aarch64" || number(record, "controller") !== 0,
    consoleLine: number(record, "consoleInterrupt"),
    ppis: bits(record, "ppis"),
    regions: ownOf(blob, record, "Region").map(regionOf),
    lines: ownOf(blob, record, "Interrupt").map((interrupt) => number(interrupt, "line")),
    channels: ownOf(blob, record, "Channel").map((end) => ({
      ipa: number(end, "ipa"),
      size: number(end, "size"),
      peer: number(end, "peer"),
      doorbell: number(end, "doorbell"),
    })),
    silenced: ownOf(blob, record, "Quiesce").map((quiesce) => number(quiesce, "pa")),
    loaded: ownOf(blob, record, "Load").map((load) => ({ base: number(load, "target"), size: number(load, "size") })),
  };
}

export function declaredBy(blob: Blob): Declared {
  const { header, records } = blob;
  const all = (kind: string): readonly BlobRecord[] => records[kind] ?? [];
  return {
    imageBase: number(header, "imageBase"),
    hypervisorSize: number(header, "hypervisorSize"),
    housekeeper: number(header, "housekeeper"),
    colourCount: number(header, "colourCount"),
    ipaBits: number(header, "ipaBits"),
    cpus: all("Cpu").map((cpu) => ({
      id: number(cpu, "id"),
      partition: cpu["partition"] === table.NONE ? undefined : number(cpu, "partition"),
      vcpu: number(cpu, "vcpu"),
    })),
    partitions: all("Partition").map((partition) => partitionOf(blob, partition)),
    inits: all("Init").map((init) => ({ pa: number(init, "pa"), mask: number(init, "mask"), value: number(init, "value") })),
    loads: all("Load").map((load) => ({
      source: number(load, "source"),
      stored: Math.min(number(load, "size"), number(load, "zeros") + PAGE),
    })),
    staging: all("Update").map((update) => ({ base: number(update, "staging"), size: 2 * number(update, "size") })),
  };
}

export interface Piece {
  readonly ipa: number;
  readonly pa: number;
  readonly size: number;
}

/** Of a region of all colours one; else its pages, each with the next PA that has a colour of its own. */
export function piecesOf({ ipa, pa, size, colours }: Region, colourCount: number): Piece[] {
  if (colours.length === 0 || colourCount === 0) return [{ ipa, pa, size }];
  const pieces: Piece[] = [];
  const own = new Set(colours);
  for (let at = pa; pieces.length < size / PAGE && pieces.length < PIECES_MAX && at < pa + SPREAD_MAX; at += PAGE) {
    if (own.has((at / PAGE) % colourCount)) pieces.push({ ipa: ipa + pieces.length * PAGE, pa: at, size: PAGE });
  }
  return pieces;
}
/** More than the core has tables for: it takes no such region. */
const PIECES_MAX = 2 ** 16;
const SPREAD_MAX = 2 ** 33;
