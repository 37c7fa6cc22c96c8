// A ring of records in a channel, from one end to the other: one producer, one consumer. Plain constants, both AssemblyScript
// and TypeScript; rtos-guests/library/axv.h has them too (test/library/constants.test.ts compares).
//
//   0x00                      0x40                      0x80
//  ┌──────┬──────────────────┬──────┬──────────────────┬───────────────────────────────────┐
//  │head  │ unused           │tail  │ unused           │ capacity bytes: records           │
//  │u32   │                  │u32   │                  │                                   │
//  └──────┴──────────────────┴──────┴──────────────────┴───────────────────────────────────┘
//   It begins at a multiple of 64 from the channel's start, so that no cache line has two writers.
//   head: bytes that the producer has written so far, and only it writes it; tail: bytes that the consumer has taken. Both are
//   multiples of 4 and wrap at 2^32; byte k stands at k % capacity. head = tail: empty; head - tail = capacity: full.
//
//   a record:   length u32 (bytes of payload) │ payload, padded with zeros to a multiple of 4
//
// Both ends know the capacity by agreement. It is not in the channel, and neither is anything else that an end would have to
// believe: each keeps its own count to itself, and of the other's count and of a length it uses no more than it has checked.

export const RING_HEAD: u32 = 0x00;
export const RING_TAIL: u32 = 0x40;
export const RING_DATA: u32 = 0x80;
/** Bytes of a ring that are not records: a ring takes RING_DATA + capacity. */
export const RING_CAPACITY_MIN: u32 = 64; // a power of two, as
export const RING_CAPACITY_MAX: u32 = 0x100000;
/** Of a cache line, of which the layout keeps the two ends apart. */
export const RING_LINE: u32 = 64;

// What sending and receiving give back when there is no record's length to give.
export const RING_EMPTY: i32 = -1;
export const RING_FULL: i32 = -2;
/** The record is longer than the ring (it is not sent), or than the space it should be received into (it is taken and lost). */
export const RING_TOO_LONG: i32 = -3;
/** The other end has written what it never may: the producer waits until it is right again, the consumer drops all there is. */
export const RING_CORRUPT: i32 = -4;
/** No ring: its capacity is not a power of two between the limits, or it does not begin at a cache line. */
export const RING_INVALID: i32 = -5;
