// The part of the guest's IPA space that is shared with others; where it begins (CHANNEL_IPA), and what else there is, the ISA's
// map.ts says.

/** The channel's place in this partition's list of channels. */
export const CHANNEL_INDEX: u32 = 0;
/**
 * Channels and mailbox: the plan puts them one behind the other from CHANNEL_IPA on, and so much of that is the guest's to
 * reach.
 */
export const SHARED_BYTES: u64 = 0x01000000;
/** Smallest cache line that a clean by address may be relied on to cover (all Cortex-A cores have 64). */
export const CACHE_LINE: u32 = 64;
