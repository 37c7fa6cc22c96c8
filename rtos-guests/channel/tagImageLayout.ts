// The tag image: a partition's process values, as its guest writes them once a scan. A seqlock: one writer, many readers.
//
//    0    4        8      12    16        20  24      32  64
//  ┌────┬────────┬──────┬─────┬─────────┬───┬───────┬───┬──────────
//  │AXVT│version │table │size │sequence │ 0 │ time  │ 0 │ values …      all of it little-endian
//  └────┴────────┴──────┴─────┴─────────┴───┴───────┴───┴──────────
//
// `table` is the CRC-32 of what the values are and where (partitions/tags/table.ts, layoutSum): a guest that was built for
// another table is noticed. `size` is the whole image's. The sequence is odd while the writer is at work. `time` is
// CNTVCT_EL0 at the scan that made the values. A string is its length in bytes, in one byte, and then its text.
//
// On a stream each image is followed by its sequence number and that number's complement: one that was cut off, with the
// next one's bytes in the place of its own, is noticed.
export const TAG_IMAGE_MAGIC: u32 = 0x54565841; // "AXVT"
export const TAG_IMAGE_LAYOUT: u32 = 1;
export const TAG_IMAGE_VERSION: u32 = 4;
export const TAG_IMAGE_TABLE: u32 = 8;
export const TAG_IMAGE_SIZE: u32 = 12;
export const TAG_IMAGE_SEQUENCE: u32 = 16;
export const TAG_IMAGE_TIME: u32 = 24;
export const TAG_IMAGE_VALUES: u32 = 64;
export const TAG_STREAM_TRAILER: u32 = 8;
