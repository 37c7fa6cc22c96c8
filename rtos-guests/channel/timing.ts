// What the PLC guest knows about its own timing, in its channel behind the process image. Plain constants, both
// AssemblyScript and TypeScript. Every word only grows and is written by one store, so it is read without a seqlock; all
// are renewed ten times a second.
//
//   0x000          0x040     0x080            0x100            0x180             0x200
//  ┌──────────────┬─────────┬────────────────┬────────────────┬─────────────────┐
//  │process image │overruns │ jitter         │ cycle          │ execution       │   u64; then 32 buckets, a u32 each
//  └──────────────┴─────────┴────────────────┴────────────────┴─────────────────┘
//
// Bucket 0 counts distances of 0 ns from the nominal value, bucket k > 0 those of 2^(k-1) … 2^k - 1 ns; the last bucket
// also takes everything above. Nominal is 0 for jitter and execution, the scan period for the cycle.

/** Deadlines that went by unserved since the guest's start. */
export const TIMING_OVERRUNS: u32 = 0x040;
export const HISTOGRAM_JITTER: u32 = 0x080;
export const HISTOGRAM_CYCLE: u32 = 0x100;
export const HISTOGRAM_EXECUTION: u32 = 0x180;
export const HISTOGRAM_BUCKETS: u32 = 32;
export const HISTOGRAM_BYTES: u32 = 128; // HISTOGRAM_BUCKETS words of 4 bytes
