// The guest's IPA space: where the partition's plan puts what this guest uses. start.S maps exactly this, with the same
// numbers (test/plc/image.test.ts holds the two together).

export const GICD_IPA: u64 = 0x08000000;
/** The redistributor of the only vCPU: RD_base and SGI_base, 128 KiB. */
export const GICR_IPA: u64 = 0x080a0000;
/** The CPU interface where it is in memory (GICv2). */
export const GICC_IPA: u64 = 0x08010000;
/** The channel, 4 KiB, at its start the process image. */
export const CHANNEL_IPA: u64 = 0x50000000;
/** The channel's place in this partition's list of channels. */
export const CHANNEL_INDEX: u32 = 0;
/** Channels and mailbox: the plan puts them one behind the other from CHANNEL_IPA on, and so much of that is mapped here. */
export const SHARED_BYTES: u64 = 0x01000000;
/** Smallest cache line that a clean by address may be relied on to cover (all Cortex-A cores have 64). */
export const CACHE_LINE: u32 = 64;
