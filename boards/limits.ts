// What the hypervisor has room for on any board, and what boards can differ in.

/** Also what a GICv2 has CPU interfaces for. */
export const MAX_CPUS = 8;

/** Pages of stage 1 (DDI 0487, D8.1): an arm64 kernel is built for one of them. */
export const GRANULES = ["4K", "16K", "64K"] as const;
export type Granule = (typeof GRANULES)[number];

/** Banks of RAM. */
export const MAX_BANKS = 8;

/** The granule of what the hypervisor maps, and of stage 2. */
export const FRAME = 0x1000;
/** What the hypervisor maps at VA = PA, RAM, GIC and UART, ends below its window to linear memory. */
export const MAPPED_END = 2 ** 38;
/** A device is at IPA = PA, and stage 2 is built for 40 bits of IPA. */
export const DEVICE_END = 2 ** 40;

/** Affinity fields of an MPIDR_EL1, Aff3 to Aff0 (DDI 0487). */
export const AFFINITY_MAX = 0xff_00ff_ffff;
/** CNTFRQ_EL0, or `time`, in Hz. */
export const COUNTER_MIN = 1_000_000;
export const COUNTER_MAX = 1_000_000_000;
/** GICD_TYPER.ITLinesNumber counts INTIDs by 32, and the last ones of 1024 are special (IHI 0069, 2.2). */
export const SPI_WORD = 32;
export const SPIS_MOST = 988;
/** Sources of an APLIC, numbered from 1 (AIA 1.0, 4.2). */
export const SOURCES_MAX = 1023;
/** The APLIC numbers harts with 14 bits (AIA 4.5.16). */
export const HARTS_END = 2 ** 14;
/** Identities of an interrupt file (AIA 3.1): a multiple of it, less 1. */
export const IDENTITIES_STEP = 64;
export const IDENTITIES_MAX = 2047;
/** Guest interrupt files of a hart (GEILEN, on RV64). */
export const GUEST_FILES_MAX = 63;
/** What the blob can say (partitions/blob/riscv64.table.ts). */
export const IMSIC_STRIDE_MAX = 2 ** 24;
/** SPIs, or sources, of one device: more than any has (a GEM has eight). */
export const DEVICE_SPIS_MAX = 32;
/** Register windows of one device: more than any has (a PCIe host bridge has five). */
export const WINDOWS_MAX = 16;

export const CACHE_LEVELS = 3;
export const CACHE_LINES = [16, 32, 64, 128, 256] as const;
/** More than there are anywhere. */
export const CACHE_SETS_MAX = 2 ** 24;
export const CACHE_WAYS_MAX = 1024;

/** Bits a second of a UART. */
export const BAUD_MIN = 300;
export const BAUD_MAX = 12_000_000;
