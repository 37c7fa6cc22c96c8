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
