// What is written to tags from outside: a ring of batches to the guest and a ring of answers back (ringLayout.ts), behind
// the tag image, at the next multiple of 64. A batch is done as a whole or refused as a whole. Plain constants, both
// AssemblyScript and TypeScript; axv.h has them too.
//
//    image's size, rounded up          + 0x880                 + 0xa00
//  ┌─────────────────────────────────┬───────────────────────┬
//  │ring of batches, 2,048 bytes     │ring of answers, 256   │
//  └─────────────────────────────────┴───────────────────────┴
//
//   a batch:     number u32 │ table u32, as in the image │ entries …
//   an entry:    offset u32, of a tag in the image │ its whole value as there, padded with zeros to a multiple of 4
//   its answer:  number u32 │ TAG_WRITES_* u32              sent when a scan has shown the values, not before
//
// A guest takes one batch a scan, and the next one when its answer has found room.
export const TAG_WRITES_ALIGN: u32 = 64;
export const TAG_WRITES_CAPACITY: u32 = 2048;
export const TAG_WRITES_ANSWERS: u32 = 0x880;
export const TAG_WRITES_ANSWERS_CAPACITY: u32 = 256;
/** Of both rings. */
export const TAG_WRITES_BYTES: u32 = 0xa00;
export const TAG_WRITES_BATCH_MAX: u32 = 1024;
export const TAG_WRITES_ENTRIES: u32 = 8;
export const TAG_WRITES_ANSWER_BYTES: u32 = 8;

export const TAG_WRITES_DONE: u32 = 0;
export const TAG_WRITES_MALFORMED: u32 = 1; // too short, too long, or an entry that is cut off
export const TAG_WRITES_OTHER_TABLE: u32 = 2; // the guest was built for another one
export const TAG_WRITES_UNKNOWN: u32 = 3; // no tag begins there, or none that may be written
export const TAG_WRITES_OUT_OF_RANGE: u32 = 4;

// What a tag that may be written holds, in the generated table: how its limits are compared.
export const TAG_WRITES_UNSIGNED: u32 = 0; // bool is 0…1
export const TAG_WRITES_SIGNED: u32 = 1;
export const TAG_WRITES_FLOAT: u32 = 2;
export const TAG_WRITES_TEXT: u32 = 3;

// On tag-reader's standard input: the length of a batch, u32, and the batch. On its standard output, between two images:
//
//   "AXVA" │ number │ result │ complement of the number
export const TAG_ANSWER_MAGIC: u32 = 0x41565841;
export const TAG_ANSWER_BYTES: u32 = 16;
