// What the hypervisor has room for on any board, and what boards can differ in.

/** Also what a GICv2 has CPU interfaces for. */
export const MAX_CPUS = 8;

/** Pages of stage 1 (DDI 0487, D8.1): an arm64 kernel is built for one of them. */
export const GRANULES = ["4K", "16K", "64K"] as const;
export type Granule = (typeof GRANULES)[number];
