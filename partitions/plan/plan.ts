// The plan: everything that is decided about a system before it boots, as plain data (JSON holds it as it is). The blob
// is this, packed; so are the tables and pictures that people look at.

export type RegionKind = "ram" | "device" | "channel";
export type OnFailure = "stop" | "restart" | "inspect";

export interface PlannedRegion {
  /** "memory", or the names of the devices or of the channel. */
  readonly name: string;
  readonly ipa: number;
  readonly pa: number;
  readonly size: number;
  readonly kind: RegionKind;
  /** A subset of "rwx", in this order. */
  readonly access: string;
}

export interface PlannedInterrupt {
  readonly intid: number;
  readonly trigger: "level" | "edge";
  /** "console", "doorbell of <channel>", the name of a device, or "spis". */
  readonly use: string;
}

export interface PlannedLoad {
  readonly name: "image" | "initrd" | "device tree";
  /** PA. */
  readonly target: number;
  readonly ipa: number;
  /** Bytes of it that mean something; what is copied is rounded up to LOAD_ALIGN. */
  readonly size: number;
}

export interface PlannedChannelEnd {
  readonly name: string;
  readonly ipa: number;
  readonly size: number;
  /** Index of the partition at the other end. */
  readonly peer: number;
  /** INTID that ringing this end makes pending; the peer owns it. */
  readonly doorbell: number;
  /** INTID that the peer's ringing makes pending here. */
  readonly interrupt: number;
}

export interface PlannedTag {
  readonly name: string;
  readonly unit: "count" | "ns";
}

/** A device as the partition's device tree describes it. */
export interface PlannedDevice {
  readonly name: string;
  readonly reg: number;
  readonly size: number;
  readonly intid: number;
  readonly trigger: "level" | "edge";
  readonly node: string;
  readonly compatible: readonly string[];
  readonly dmaCoherent: boolean;
  readonly clockNames: readonly string[];
  /** The write that ends its DMA: PA of a 32-bit register, and its value. */
  readonly quiesce?: { readonly pa: number; readonly value: number };
}

export interface PlannedPartition {
  readonly name: string;
  readonly guest: string;
  readonly realtime: boolean;
  readonly autostart: boolean;
  readonly pmu: boolean;
  readonly onFailure: OnFailure;
  /** Its pCPUs in the order of its vCPUs. */
  readonly cpus: readonly number[];
  readonly entry: number;
  /** x0 at entry: IPA of the device tree, or 0. */
  readonly argument: number;
  readonly gicd: number;
  readonly gicr: number;
  readonly console: number;
  readonly consoleInterrupt: number;
  /** 0: no watchdog. */
  readonly watchdogMicroseconds: number;
  /** INTIDs, 16…31. */
  readonly ppis: readonly number[];
  /** The first one is its RAM. */
  readonly regions: readonly PlannedRegion[];
  readonly interrupts: readonly PlannedInterrupt[];
  readonly devices: readonly PlannedDevice[];
  readonly loads: readonly PlannedLoad[];
  readonly channels: readonly PlannedChannelEnd[];
  readonly tags: readonly PlannedTag[];
}

export interface PlannedCpu {
  readonly mpidr: number;
  readonly gicr: number;
  /** Index of its partition; null: a spare pCPU. */
  readonly partition: number | null;
  readonly vcpu: number;
}

export interface Plan {
  readonly board: string;
  readonly image: {
    readonly base: number;
    /** What of RAM from the base on is the hypervisor's: the image file, in whole pages. */
    readonly size: number;
  };
  readonly gic: {
    readonly gicd: number;
    readonly version: number;
    readonly spiLimit: number;
    readonly maintenance: number;
  };
  /** INTIDs. */
  readonly timers: { readonly hypervisor: number; readonly virtual: number; readonly physical: number };
  readonly uart: { readonly kind: "pl011"; readonly address: number };
  /** Index of the pCPU that drains consoles, sends telemetry and looks after watchdogs. */
  readonly housekeeper: number;
  readonly tickMicroseconds: number;
  readonly telemetryMilliseconds: number;
  readonly cpus: readonly PlannedCpu[];
  readonly partitions: readonly PlannedPartition[];
}

/** Loads lie at multiples of this in the image and in memory, and are padded to it. */
export const LOAD_ALIGN = 64;
/** GICv3 (IHI 0069, 12.10 and 12.11): what one GICD takes; what one redistributor takes, RD_base and SGI_base. */
export const GICD_SIZE = 0x10000;
export const GICR_SIZE = 0x20000;
/** PL011 (DDI 0183): its registers up to the PrimeCell ids. */
export const PL011_SIZE = 0x1000;
/** INTIDs of the interrupts that device trees number from 0. */
export const FIRST_PPI = 16;
export const FIRST_SPI = 32;
