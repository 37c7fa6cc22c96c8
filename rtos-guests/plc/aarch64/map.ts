// The guest's IPA space: where the partition's plan puts what this guest uses. start.S maps exactly this, and SHARED_BYTES of
// ../map.ts, with the same numbers (test/plc/image.test.ts holds them together).

export const GICD_IPA: u64 = 0x08000000;
/** The redistributor of the only vCPU: RD_base and SGI_base, 128 KiB. */
export const GICR_IPA: u64 = 0x080a0000;
/** The CPU interface where it is in memory (GICv2). */
export const GICC_IPA: u64 = 0x08010000;
/** The channel, 4 KiB, at its start the process image. */
export const CHANNEL_IPA: u64 = 0x50000000;
