// Where the PLC guest's three histograms stand in its channel, behind the process image. Plain constants, both
// AssemblyScript and TypeScript. Each bucket is one u32 that only grows, so it is read without a seqlock; the rows are
// renewed ten times a second.
//
//   0x000          0x080            0x100            0x180             0x200
//  ┌──────────────┬────────────────┬────────────────┬─────────────────┐
//  │process image │ jitter         │ cycle          │ execution       │   32 buckets of 4 bytes each
//  └──────────────┴────────────────┴────────────────┴─────────────────┘
//
// Bucket 0 counts distances of 0 ns from the nominal value, bucket k > 0 those of 2^(k-1) … 2^k - 1 ns; the last bucket
// also takes everything above. Nominal is 0 for jitter and execution, the scan period for the cycle.

export const HISTOGRAM_BUCKETS: u32 = 32;
export const HISTOGRAM_BYTES: u32 = 128; // HISTOGRAM_BUCKETS u32 words
export const HISTOGRAM_JITTER: u32 = 0x080;
export const HISTOGRAM_CYCLE: u32 = 0x100;
export const HISTOGRAM_EXECUTION: u32 = 0x180;
