// What the hypervisor and the world outside it agree on: hypercall numbers, frame kinds, telemetry keys, states.
// The one table for all of it. Plain constants only, so that the very same file is AssemblyScript for the core and for
// guests, and TypeScript for the tools and the tests.

// Hypercalls, by number; how a number and up to seven arguments get here, and a result back, is the ISA's (arch/<isa>/calls.ts).

export const CALL_VERSION: u32 = 0; // Result: (major << 16) | minor of this interface
/** Argument 0: channel index of the caller (its order in the caller's list). Makes the peer's doorbell interrupt pending. */
export const CALL_DOORBELL: u32 = 1;
/** 0: count of bytes, 0…48; 1…6: the bytes, little endian. Result: count taken (less when the ring is full). */
export const CALL_CONSOLE_WRITE: u32 = 2;
/** 0: tag index, 0…TAG_MAX-1; 1: its 64-bit value. Goes out with the next telemetry frame of the partition. */
export const CALL_TAG_PUBLISH: u32 = 3;
/** No argument. The partition's watchdog is armed by the first feed and expires its `watchdog` period after the last. */
export const CALL_WATCHDOG_FEED: u32 = 4;
/** No argument. IPA of the caller's mailbox (below), or CALL_NOT_SUPPORTED. */
export const CALL_MAILBOX: u32 = 5;
export const CALLS: u32 = 6;

export const CALL_VERSION_MAJOR: u32 = 1;
export const CALL_VERSION_MINOR: u32 = 1;

// Results; others are values.
export const CALL_SUCCESS: i32 = 0;
export const CALL_NOT_SUPPORTED: i32 = -1;
export const CALL_INVALID_PARAMETER: i32 = -3;

export const CONSOLE_WRITE_MAX: u32 = 48;
export const TAG_MAX: u32 = 32;

// Frames on the multiplexed UART. Between two 0x00 bytes stands either one COBS-encoded frame or plain text
// (early boot, a panic): what does not decode, or whose CRC is wrong, is text and is shown as it is.
//
//   before COBS:   ┌──────┬───────────┬──────────┬─────────────────┬──────────────┐
//                  │ kind │ partition │ sequence │ payload         │ CRC-32 (LE)  │   CRC-32/ISO-HDLC over all before it
//                  │ u8   │ u8        │ u8       │ 0…FRAME_PAYLOAD │ 4 bytes      │   partition 0xff: the hypervisor itself
//                  └──────┴───────────┴──────────┴─────────────────┴──────────────┘
//   sequence: of the board's frames one more than of the one before, so that lost ones are noticed; towards the board anything
//   on the wire:   0x00  COBS(the above)  0x00
export const FRAME_PAYLOAD_MAX: u32 = 512;
export const FRAME_HYPERVISOR: u8 = 0xff;

/** Raw console bytes; board → host what the partition printed, host → board what is typed into it. */
export const FRAME_CONSOLE: u8 = 1;
export const FRAME_PARTITION: u8 = 2; // Board → host: CBOR map with the PARTITION_* keys
export const FRAME_VCPU: u8 = 3; // Board → host: CBOR map with the VCPU_* keys
export const FRAME_EVENT: u8 = 4; // Board → host: CBOR map with the EVENT_* keys
/** Host → board, or from the partition that reads along: one of COMMAND_* (u8), and a number (4 bytes) that the reply repeats.
 *  The frame's partition is the one it is about. Replies are heard by both: each begins its numbers somewhere. */
export const FRAME_COMMAND: u8 = 5;
export const FRAME_REPLY: u8 = 6; // Board → host: one of REPLY_* (u8), and the command's number
/**
 * Board → host, after COMMAND_TAGS: what has changed in a piece of the partition's tag image, all of one scan
 * (rtos-guests/channel/tagImageLayout.ts). A piece is TAG_PIECE_WORDS words of 8 bytes. Without words: there was a scan, and
 * nothing has changed.
 *
 *   ┌───────────┬──────────┬──────────────────────────────────────────────┐
 *   │ table u32 │ time u64 │ of each word: where u16, in words; 8 bytes   │   little-endian; the words as they stand in the image
 *   └───────────┴──────────┴──────────────────────────────────────────────┘
 */
export const FRAME_TAGS: u8 = 7;
export const FRAME_SYSTEM: u8 = 8; // Board → host: CBOR map with the SYSTEM_* keys; only where firmware says which slot it is
export const TAG_PIECE_WORDS: u32 = 64;

// Keys of a FRAME_PARTITION map. Times are nanoseconds since the hypervisor started, unless said otherwise.
export const PARTITION_TIME: u8 = 0;
export const PARTITION_STATE: u8 = 1; // one of STATE_*
export const PARTITION_UPTIME: u8 = 2; // ns since its boot vCPU was last started
export const PARTITION_RESTARTS: u8 = 3;
export const PARTITION_CONSOLE_DROPPED: u8 = 4; // bytes lost because the console ring was full
export const PARTITION_WATCHDOG_EXPIRED: u8 = 5;
export const PARTITION_TAGS: u8 = 6; // CBOR map: tag index → value as unsigned 64-bit integer; only published tags
export const PARTITION_DOORBELLS: u8 = 7; // doorbells sent by it
// Of one that can be updated: CBOR array: IMAGE_*, IMAGE_WRONG_*, bytes of the new image so far, bytes of it in all, and
// versions: the newest that was accepted, of what it began with last, and of what it begins with next.
export const PARTITION_IMAGE: u8 = 8;
export const IMAGE_VALUES: u32 = 7;

// Keys of a FRAME_SYSTEM map.
export const SYSTEM_TIME: u8 = 0;
export const SYSTEM_SLOT: u8 = 1; // "a" or "b", in ASCII
export const SYSTEM_UPDATE: u8 = 2; // one of UPDATE_*

// What has become of an update: of the slot that has been started.
export const UPDATE_NONE: u8 = 0; // it was good already
export const UPDATE_COMMITTED: u8 = 1;
export const UPDATE_PENDING: u8 = 2; // from here on: on trial
export const UPDATE_HEALTHY: u8 = 3; // for `healthy_after` all has been well: it can be committed
export const UPDATE_FAILED: u8 = 4; // nobody has in time: the board is about to be reset

// Keys of a FRAME_VCPU map. One frame a vCPU.
export const VCPU_INDEX: u8 = 0; // within its partition
export const VCPU_PCPU: u8 = 1;
export const VCPU_STATE: u8 = 2; // one of VCPU_OFF…
export const VCPU_EXITS: u8 = 3; // CBOR array of EXIT_CAUSES counters, indexed by EXIT_*
// ns it stood still by the hypervisor's will: paused, throttled, or (the boot vCPU) until a restart; not while stopped, not until
// it is switched on.
export const VCPU_HELD: u8 = 4;
export const VCPU_TIME: u8 = 5;
export const VCPU_THROTTLED: u8 = 6; // how often its bandwidth budget was used up before the period was over

// Keys of a FRAME_EVENT map.
export const EVENT_TIME: u8 = 0;
export const EVENT_CODE: u8 = 1; // one of EVENT_*
export const EVENT_A: u8 = 2; // three values whose meaning depends on the code
export const EVENT_B: u8 = 3;
export const EVENT_C: u8 = 4;

// Event codes.
export const EVENT_BOOT: u8 = 1; // a: PA the image was loaded at; b: boot time in ns; c: count of partitions
export const EVENT_STARTED: u8 = 2; // a: entry IPA; b: restarts so far
export const EVENT_STOPPED: u8 = 3; // a: one of STOP_*
export const EVENT_FAULT: u8 = 4; // a: what the ISA says of its cause; b: faulting IPA; c: guest PC
export const EVENT_WATCHDOG: u8 = 5; // a: ns since the last feed
export const EVENT_PANIC: u8 = 6; // likewise, of the hypervisor itself. a: cause; b: faulting address; c: PC
// a: one of FEATURE_*, which the plan asks for and this board does not let us have; b: what kind of pCPU it is, as the ISA has
// it.
export const EVENT_UNAVAILABLE: u8 = 7;
// a: pCPUs that have not left the guest for 1000 ticks, as a mask; it has no memory any more.
export const EVENT_STOP_HANGS: u8 = 8;
// a: PA of the register by which the interrupt controller did not say that the partition's interrupts are off.
export const EVENT_CONTROLLER_LATE: u8 = 9;
// a: UPDATE_PENDING, it has not become healthy in time, or UPDATE_HEALTHY, nobody has committed it; b: the slot, in ASCII.
export const EVENT_TRIAL_FAILED: u8 = 10;

// EVENT_UNAVAILABLE.a.
export const FEATURE_CLUSTER_WAYS: u8 = 1; // cache: { ways }: the cluster cannot, or firmware forbids it
export const FEATURE_BANDWIDTH: u8 = 2; // bandwidth: no PMU, no counter to spare, or it does not count that event

// Why a partition stopped (EVENT_STOPPED.a).
export const STOP_SYSTEM_OFF: u8 = 1; // it switched itself off
export const STOP_SYSTEM_RESET: u8 = 2; // it reset itself
export const STOP_COMMAND: u8 = 3; // the host asked
export const STOP_FAULT: u8 = 4;
export const STOP_WATCHDOG: u8 = 5;
export const STOP_CPU_OFF: u8 = 6; // its last vCPU switched itself off

// States of a partition.
export const STATE_OFF: u8 = 0; // not started, or powered off by itself or by command
export const STATE_RUNNING: u8 = 1;
export const STATE_STOPPING: u8 = 2; // some of its vCPUs have not parked yet
export const STATE_FAILED: u8 = 3; // stopped by a fault or its watchdog; on_failure: stop
export const STATE_INSPECT: u8 = 4; // likewise, memory and registers left as they were; on_failure: inspect

export const STATE_PAUSED: u8 = 5; // its vCPUs are held, everything else is as it was

// States of a vCPU.
export const VCPU_OFF: u8 = 0;
export const VCPU_ON_PENDING: u8 = 1;
export const VCPU_ON: u8 = 2;

// on_failure, as in system.yaml.
export const ON_FAILURE_STOP: u8 = 0;
export const ON_FAILURE_RESTART: u8 = 1;
export const ON_FAILURE_INSPECT: u8 = 2;

// Exit causes: guest → hypervisor, counted for every vCPU.
export const EXIT_TIMER: u8 = 0; // a timer of its own
export const EXIT_INTERRUPT: u8 = 1; // of a device, a doorbell, its console
export const EXIT_KICK: u8 = 2; // the hypervisor's kick, for a vCPU's interrupt to another or a request
export const EXIT_MAINTENANCE: u8 = 3; // more interrupts waited than the pCPU has room for, or one has ended
export const EXIT_HYPERCALL: u8 = 4;
export const EXIT_FIRMWARE_CALL: u8 = 5; // what a bare machine's firmware would answer
export const EXIT_CONTROLLER: u8 = 6; // an access to the emulated interrupt controller
export const EXIT_IPI: u8 = 7; // a vCPU interrupts a vCPU
export const EXIT_CONSOLE: u8 = 8; // emulated UART access
// any other register that is not the guest's to have, waiting of a direct partition before it has enabled its interrupts.
export const EXIT_REGISTER: u8 = 9;
export const EXIT_FAULT: u8 = 10; // an access to what it does not own, and anything nobody expects
export const EXIT_TICK: u8 = 11; // housekeeping tick taken on a pCPU that has no spare
export const EXIT_BANDWIDTH: u8 = 12; // its bandwidth budget is used up, or a new period begins
export const EXIT_CAUSES: u32 = 13;

// Host commands and their replies.
export const COMMAND_START: u8 = 1;
export const COMMAND_STOP: u8 = 2;
export const COMMAND_RESTART: u8 = 3;
export const COMMAND_PAUSE: u8 = 4; // holds its vCPUs where they are
export const COMMAND_RESUME: u8 = 5;
// all values of its tag image anew, with its next scan; and what changes in any image, for TAG_LEASE_SECONDS.
export const COMMAND_TAGS: u8 = 6;
export const TAG_LEASE_SECONDS: u32 = 60;
// About the whole system, the frame's partition being FRAME_HYPERVISOR.
export const COMMAND_HEALTHY: u8 = 7; // REPLY_WRONG_STATE: it is on trial, and not healthy (yet)
/** Its slot's state on the disk is `good` now: the trial ends. REPLY_WRONG_STATE: it is not healthy, or not on trial. */
export const COMMAND_COMMIT: u8 = 8;
export const COMMAND_ROLLBACK: u8 = 9; // with its next start it has the image before the one that it runs
export const REPLY_OK: u8 = 0;
export const REPLY_UNKNOWN_COMMAND: u8 = 1;
export const REPLY_NO_SUCH_PARTITION: u8 = 2;
export const REPLY_WRONG_STATE: u8 = 3;
export const REPLY_NOT_ALLOWED: u8 = 4; // from inside: `controls` does not name that partition, or it may not commit

// The mailbox: a page that a partition shares with the hypervisor alone, Normal write-back. What a hypercall does at once, the
// housekeeper does from here within its tick (1 ms), and the guest does not leave for it: so a partition with direct interrupts
// has no exit at all. The hypervisor clears the page when the partition starts; it reads each field once, and trusts none.
//
//   0x000     0x004      0x008         0x010            0x030                 0x080          0x400     0x404     0x800
//  ┌─────────┬──────────┬─────────────┬────────────────┬─────────────────┬───┬──────────────┬─────────┬─────────┬───────────┐
//  │magic u32│versionu32│watchdog u64 │doorbells u32×8 │published u32    │   │tags u64 × 32 │head u32 │tail u32 │bytes 2048 │
//  └─────────┴──────────┴─────────────┴────────────────┴─────────────────┴───┴──────────────┴─────────┴─────────┴───────────┘
//   magic, version, tail are the hypervisor's, and at 0x034 MAILBOX_TAG_BYTES u32; all others the guest's.
export const MAILBOX_SIZE: u32 = 4096;
/** Bytes of the tag image that is behind the mailbox's page, of a partition whose tags no channel carries; 0: there is none. */
export const MAILBOX_TAG_BYTES: u32 = 0x34;
export const MAILBOX_TAG_IMAGE: u32 = MAILBOX_SIZE;
export const MAILBOX_MAGIC: u32 = 0x4d565841; // "AXVM" in memory; at 0
export const MAILBOX_VERSION: u32 = 4; // holds 1
export const MAILBOX_WATCHDOG: u32 = 8; // Any change of it feeds the watchdog, the first one arms it
/** Word n: any change of it rings the doorbell of the partition's channel n. */
export const MAILBOX_DOORBELLS: u32 = 0x10;
export const MAILBOX_DOORBELL_COUNT: u32 = 8;
/** Bit n: tag n counts. */
export const MAILBOX_PUBLISHED: u32 = 0x30;
export const MAILBOX_TAGS: u32 = 0x80;
/** Console output: count of bytes the guest has written so far, and that the hypervisor has taken; byte k stands at k % 2048. */
export const MAILBOX_CONSOLE_HEAD: u32 = 0x400;
export const MAILBOX_CONSOLE_TAIL: u32 = 0x404;
export const MAILBOX_CONSOLE: u32 = 0x800;
export const MAILBOX_CONSOLE_BYTES: u32 = 2048;

// An update: a new image for one partition, which the partition that system.yaml names writes into a ring behind its mailbox's
// page, and tag image if one is there. It sets the head to 0, then changes MAILBOX_UPDATE_START; when the tail is 0 and the state
// IMAGE_WAITING, it writes, and raises the head. Bytes, from the first on; byte k stands at k % IMAGE_RING_BYTES:
//
//   ┌──────────────┬──────────┬───────────────────────────┐
//   │ signature 64 │ manifest │ image, zeros up to a      │   Ed25519 (RFC 8032) over the manifest
//   │              │ 128      │ multiple of 64            │
//   └──────────────┴──────────┴───────────────────────────┘
//   manifest:  0x00        0x04      0x08          0x18      0x28      0x30     0x38         0x58       0x60      0x68
//             ┌───────────┬─────────┬─────────────┬─────────┬─────────┬────────┬────────────┬──────────┬─────────┬───────┐
//             │ magic u32 │ format 1│ partition 16│ guest 16│ version │size u64│ SHA-256 32 │target u64│entry u64│ zeros │
//             └───────────┴─────────┴─────────────┴─────────┴─────────┴────────┴────────────┴──────────┴─────────┴───────┘
//   names padded with NUL; version: u32, then 0; target, entry: IPAs, those that the image before has
export const MAILBOX_UPDATE_START: u32 = 0x38; // Any other number: it begins anew; 0: it is given up
export const MAILBOX_UPDATE_HEAD: u32 = 0x3c; // Bytes written so far
export const MAILBOX_UPDATE_TAIL: u32 = 0x40; // The hypervisor's: taken so far
export const MAILBOX_UPDATE_STATE: u32 = 0x44; // The hypervisor's: IMAGE_* | IMAGE_WRONG_* << 8
export const IMAGE_RING_BYTES: u32 = 65536;
export const IMAGE_LINE_BYTES: u32 = 64; // the ring begins at a multiple of it, and is taken in such pieces
export const IMAGE_SIGNATURE_BYTES: u32 = 64;
export const IMAGE_HEADER_BYTES: u32 = 192;
export const MANIFEST_MAGIC: u32 = 0x55565841; // "AXVU" in memory
export const MANIFEST_FORMAT: u32 = 1;
export const MANIFEST_PARTITION: u32 = 0x08;
export const MANIFEST_GUEST: u32 = 0x18;
export const MANIFEST_VERSION: u32 = 0x28;
export const MANIFEST_SIZE: u32 = 0x30;
export const MANIFEST_HASH: u32 = 0x38;
export const MANIFEST_TARGET: u32 = 0x58;
export const MANIFEST_ENTRY: u32 = 0x60;

// States of an update.
export const IMAGE_IDLE: u8 = 0;
export const IMAGE_WAITING: u8 = 1; // for signature and manifest
export const IMAGE_CHECKING: u8 = 2; // the signature
export const IMAGE_RECEIVING: u8 = 3; // the image
export const IMAGE_READY: u8 = 4; // with the partition's next start
export const IMAGE_REFUSED: u8 = 5; // for what is wrong:
export const IMAGE_WRONG_FORMAT: u8 = 1;
export const IMAGE_WRONG_PARTITION: u8 = 2;
export const IMAGE_WRONG_GUEST: u8 = 3;
export const IMAGE_WRONG_SIZE: u8 = 4;
export const IMAGE_WRONG_VERSION: u8 = 5; // it is not newer than the newest that was accepted
export const IMAGE_WRONG_SIGNATURE: u8 = 6;
export const IMAGE_WRONG_HASH: u8 = 7; // the image is not the one that was signed
export const IMAGE_WRONG_PLACE: u8 = 8; // it is to be loaded or entered elsewhere than the one before
