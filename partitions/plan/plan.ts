// The plan: everything that is decided about a system before it boots, as plain data (JSON holds it as it is). The blob
// is this, packed; so are the tables and pictures that people look at. What of it is an ISA's stands in <isa>/plan.ts.
import type { BoardIsa } from "../../boards/isa.ts";
import type { Trigger } from "../../boards/devices.ts";
import type { Window } from "../../boards/schema.ts";
import type { Aarch64Cpu, Aarch64Machine, Aarch64Partition } from "./aarch64/plan.ts";
import type { Riscv64Cpu, Riscv64Machine, Riscv64Windows } from "./riscv64/plan.ts";

/**
 * interface: GICC of a guest of a GICv2, which is the physical GICV or, with direct interrupts, the physical GICC; on RISC-V an
 * interrupt file of a direct guest, which is a guest file of its hart.
 */
export type RegionKind = "ram" | "device" | "channel" | "mailbox" | "interface";
export type OnFailure = "stop" | "restart" | "inspect";

export interface PlannedRegion {
  /** "memory", "mailbox", "GICC", "IMSIC of vCPU 0", or the names of the devices or of the channel. */
  readonly name: string;
  readonly ipa: number;
  readonly pa: number;
  /** What the partition sees of it. */
  readonly size: number;
  readonly kind: RegionKind;
  /** A subset of "rwx", in this order. */
  readonly access: string;
  /** Page colours, ascending: from `pa` on only pages of these are its own. Left out: all of them. */
  readonly colours?: readonly number[];
}

/** What its memory traffic is held to. */
export interface PlannedBandwidth {
  /** Bytes of cache refills in a period, of all its vCPUs together. */
  readonly budget: number;
  /** The same for each vCPU, in lines of the cache. */
  readonly refills: number;
  readonly periodMicroseconds: number;
}

export interface PlannedLine {
  readonly intid: number;
  readonly trigger: Trigger;
}

export interface PlannedInterrupt extends PlannedLine {
  /** "console", "doorbell of <channel>", "PMU", the name of a device, or "spis". */
  readonly use: string;
}

export interface PlannedLoad {
  readonly name: "image" | "initrd" | "device tree";
  /** Offset in the image, from its first byte. */
  readonly source: number;
  readonly ipa: number;
  /** Bytes of it that mean something; what is copied is rounded up to LOAD_ALIGN. */
  readonly size: number;
  /** From this offset on, a multiple of LOAD_ALIGN, all is zeros, of which the image has a page. Left out: nowhere. */
  readonly zeros?: number | undefined;
}

export interface PlannedChannelEnd {
  readonly name: string;
  readonly ipa: number;
  readonly size: number;
  /** Index of the partition at the other end. */
  readonly peer: number;
  /** Line that ringing this end makes pending; the peer owns it. */
  readonly doorbell: number;
  /** Line that the peer's ringing makes pending here. */
  readonly interrupt: number;
  /** The process image that one of its ends writes, or is to. */
  readonly carriesImage: boolean;
  /** The tag image of one of its ends. */
  readonly carriesTags: boolean;
}

export interface PlannedTag {
  readonly name: string;
  readonly unit: "count" | "ns";
}

/** Where a partition's guest writes its values. */
export interface PlannedTagImage {
  readonly ipa: number;
  readonly size: number;
  /** The hypervisor sends what changes in it; else there was no room for a copy of it. */
  readonly overLink: boolean;
}

/** A device as the partition's device tree describes it. */
export interface PlannedDevice {
  readonly name: string;
  /** Of its registers: PAs, and for the partition IPAs. */
  readonly windows: readonly [Window, ...Window[]];
  readonly interrupts: readonly PlannedLine[];
  readonly node: string;
  readonly compatible: readonly string[];
  readonly dmaCoherent: boolean;
  /** It does DMA with no IOMMU behind it: who drives it reaches all memory of the board. */
  readonly reachesAllMemory: boolean;
  readonly clockNames: readonly string[];
  /** The write that ends its DMA: PA of a 32-bit register, and its value. */
  readonly quiesce?: { readonly pa: number; readonly value: number };
}

export interface PlannedPartition {
  readonly name: string;
  readonly guest: string;
  readonly realtime: boolean;
  readonly autostart: boolean;
  /** It prints on its console as it starts: silence means that it does not run. */
  readonly prints: boolean;
  readonly pmu: boolean;
  /** Interrupts go to it without the hypervisor. */
  readonly direct: boolean;
  /** What it leaves its guest code for once it runs; null: nobody knows. */
  readonly exits: readonly string[] | null;
  /** Its virtual counter counts from its start. */
  readonly ownClock: boolean;
  readonly onFailure: OnFailure;
  /** Its pCPUs in the order of its vCPUs. */
  readonly cpus: readonly number[];
  readonly entry: number;
  /** What it is given at entry: IPA of the device tree, or 0. */
  readonly argument: number;
  /** IPA of the value of its device tree's rng-seed; 0: it has none. */
  readonly seed: number;
  readonly console: number;
  readonly consoleInterrupt: number;
  /** It reads along what leaves by the UART, by a second UART in the page behind its console, with the same interrupt. */
  readonly telemetry: boolean;
  /** Indices of the partitions that it may command from inside. */
  readonly controls: readonly number[];
  /** By the same UART it may say that the system on trial is committed. */
  readonly commits: boolean;
  /** IPA of the page it shares with the hypervisor; 0: it has none. */
  readonly mailbox: number;
  /** Null: it has no tags. */
  readonly tagImage: PlannedTagImage | null;
  /** 0: no watchdog. */
  readonly watchdogMicroseconds: number;
  /** Way groups of the cluster's cache that are its own; empty: it shares those that nobody has. */
  readonly ways: readonly number[];
  /** Null: it is not held to any. */
  readonly bandwidth: PlannedBandwidth | null;
  /** The first one is its RAM. */
  readonly regions: readonly PlannedRegion[];
  readonly interrupts: readonly PlannedInterrupt[];
  readonly devices: readonly PlannedDevice[];
  readonly loads: readonly PlannedLoad[];
  readonly channels: readonly PlannedChannelEnd[];
  readonly tags: readonly PlannedTag[];
  /** Number, and one more, of that in which its guest counts cycles that were too long; 0: none. */
  readonly overrunTag: number;
}

/** DesignWare's, or i.MX's. */
export interface PlannedWatchdog {
  readonly kind: "dw" | "imx";
  readonly address: number;
  /** Of DesignWare's: it expires after 2^(16 + this) ticks of its clock. */
  readonly top: number;
}

export interface PlannedCpu {
  /** Index of its partition; null: a spare pCPU. */
  readonly partition: number | null;
  readonly vcpu: number;
}

/** What can be told apart in the last cache before memory, which all pCPUs share. */
export interface PlannedCache {
  readonly level: number;
  readonly sets: number;
  readonly ways: number;
  /** Bytes. */
  readonly line: number;
  /** Sets of a cache that pages of different colours never share: sets × line / page. 1: there is no telling apart. */
  readonly colours: number;
  /** Why nothing is known of it: then there are no colours, and no line of it. */
  readonly unknown?: string;
  /** Groups of ways that the cluster can give to partitions; 0: it cannot. */
  readonly wayGroups: number;
}

/** The hypervisor's own. */
export interface PlannedUart {
  readonly kind: "pl011" | "ns16550" | "cadence" | "imx";
  readonly address: number;
  /** Register n is at n << shift. */
  readonly shift: number;
  /** Its registers have 32 bits, not 8. */
  readonly wide: boolean;
  /** What its kind's registers get for its baud rate (plan/uart.ts); 0: it has the one that firmware set. */
  readonly divisor: number;
}

/** One property of the firmware's device tree by which the core knows the board. */
export interface PlannedMatch {
  readonly path: string;
  readonly property: string;
  /** is: that one string; has: it among others; absent: there is no such property. */
  readonly how: "is" | "has" | "absent";
  /** Of `absent`: empty. */
  readonly value: string;
}

/** What firmware gives the core as x0. */
export interface PlannedFirmwareTree {
  /** Without one the core refuses. */
  readonly expected: boolean;
  readonly matches: readonly PlannedMatch[];
}

/** A write to a 32-bit register, before any guest starts. */
export interface PlannedInit {
  readonly pa: number;
  /** Bits that change. */
  readonly mask: number;
  readonly value: number;
  /** The partition that it is for. */
  readonly by: string;
}

/** Loads of the partitions before this one: all of them stand in a row, in the image and in the blob. */
export const loadsBefore = (partitions: readonly PlannedPartition[], partition: number): number =>
  partitions.slice(0, partition).reduce((sum, { loads }) => sum + loads.length, 0);

/** A partition that can get a new image while the others run on. */
export interface PlannedUpdate {
  /** Its index, and that of the one that brings the image. */
  readonly partition: number;
  readonly bringer: number;
  /** PA of RAM for two images, that no partition has; bytes of each. */
  readonly staging: number;
  readonly size: number;
  /** IPA of the bringer's ring, behind its mailbox. */
  readonly ring: number;
  /** Ed25519 public key that signs images: 32 bytes in hexadecimal digits. */
  readonly key: string;
  /** That the image has with which it boots. */
  readonly version: number;
}

/** What every plan has. */
export interface CommonPlan {
  readonly board: string;
  /** Of the system, where it says one. */
  readonly version?: string;
  readonly image: {
    readonly base: number;
    /** What of RAM from the base on is the hypervisor's: the image file, in whole pages. */
    readonly size: number;
    /** Bytes from the base on that are core and blob; behind them is what partitions load. */
    readonly loadsFrom: number;
  };
  /** Banks of the board's RAM. */
  readonly ram: readonly { readonly base: number; readonly size: number }[];
  /** Of that, what is firmware's: nobody gets it. */
  readonly reserved: readonly { readonly base: number; readonly size: number; readonly what: string }[];
  /** Bits of a guest physical address, as all pCPUs have them. */
  readonly ipaBits: number;
  readonly cache: PlannedCache;
  readonly uart: PlannedUart;
  /** The board's own, which the hypervisor feeds; null: it feeds none. */
  readonly watchdog: PlannedWatchdog | null;
  readonly firmwareTree: PlannedFirmwareTree;
  /** In the order in which they are written. */
  readonly inits: readonly PlannedInit[];
  /** Left out: no partition can be updated by itself. */
  readonly update?: PlannedUpdate;
  /** Index of the pCPU that drains consoles, sends telemetry and looks after watchdogs. */
  readonly housekeeper: number;
  readonly tickMicroseconds: number;
  readonly telemetryMilliseconds: number;
  /** Of a system on trial: so long all has to be well; within that time it is to be committed. */
  readonly healthyMicroseconds: number;
  readonly commitMicroseconds: number;
  readonly cpus: readonly PlannedCpu[];
  readonly partitions: readonly PlannedPartition[];
}

export type Aarch64PlannedCpu = PlannedCpu & Aarch64Cpu;
export type Aarch64PlannedPartition = PlannedPartition & Aarch64Partition;
/** All plans were of this ISA once: it does not say so. */
export interface Aarch64Plan extends CommonPlan, Aarch64Machine {
  readonly isa?: undefined;
  readonly cpus: readonly Aarch64PlannedCpu[];
  readonly partitions: readonly Aarch64PlannedPartition[];
}
export type Riscv64PlannedPartition = PlannedPartition & Riscv64Windows;
export interface Riscv64Plan extends CommonPlan, Riscv64Machine {
  readonly isa: "riscv64";
  readonly cpus: readonly (PlannedCpu & Riscv64Cpu)[];
  readonly partitions: readonly Riscv64PlannedPartition[];
}
export type Plan = Aarch64Plan | Riscv64Plan;

export function withPartitions<P extends Plan>(
  plan: P, change: (partition: P["partitions"][number], index: number) => Partial<P["partitions"][number]>,
): P {
  return { ...plan, partitions: plan.partitions.map((each, index) => ({ ...each, ...change(each, index) })) };
}

/** Whose plan it is. */
export const isaOfPlan = (plan: Pick<Plan, "isa">): BoardIsa => plan.isa ?? "aarch64";

/** Loads lie at multiples of this in the image and in memory, and are padded to it. */
export const LOAD_ALIGN = 64;
/** PL011 (DDI 0183): its registers up to the PrimeCell ids. */
export const PL011_SIZE = 0x1000;
