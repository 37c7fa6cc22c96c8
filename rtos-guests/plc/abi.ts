// What the PLC guest tells everybody else: its tags, and its process image. Plain constants: AssemblyScript and TypeScript.

// ---------------------------------------------------------------------------------------------------------------------
// Tags that a PLC guest publishes (its profile names them, so that every tool shows them without being told).
// ---------------------------------------------------------------------------------------------------------------------
export const PLC_TAG_SCANS: u8 = 0;
export const PLC_TAG_OVERRUNS: u8 = 1;
export const PLC_TAG_CYCLE_MIN: u8 = 2; // ns between two scan starts
export const PLC_TAG_CYCLE_AVG: u8 = 3;
export const PLC_TAG_CYCLE_MAX: u8 = 4;
export const PLC_TAG_JITTER_MIN: u8 = 5; // ns from the timer's deadline to the scan's start
export const PLC_TAG_JITTER_AVG: u8 = 6;
export const PLC_TAG_JITTER_MAX: u8 = 7;
export const PLC_TAG_EXEC_MIN: u8 = 8; // ns from scan start to scan end
export const PLC_TAG_EXEC_AVG: u8 = 9;
export const PLC_TAG_EXEC_MAX: u8 = 10;
// The last scan's, and the largest of the last second, or up to two: a reader that looks once a second misses none, and
// makes a maximum of its own of them, since whenever it likes (tools/run/maxima.ts).
export const PLC_TAG_CYCLE_LAST: u8 = 11;
export const PLC_TAG_JITTER_LAST: u8 = 12;
export const PLC_TAG_EXEC_LAST: u8 = 13;
export const PLC_TAG_CYCLE_RECENT: u8 = 14;
export const PLC_TAG_JITTER_RECENT: u8 = 15;
export const PLC_TAG_EXEC_RECENT: u8 = 16;

// ---------------------------------------------------------------------------------------------------------------------
// The PLC guest's process image in its channel: one writer, many readers, a seqlock (odd: being written).
//
//   0      4         8        16       20        24         28        32          36         40
//  ┌──────┬─────────┬────────┬────────┬─────────┬──────────┬─────────┬───────────┬──────────┬──────────┐
//  │magic │sequence │ scans  │inputs  │outputs  │setpoint  │measured │actuator   │counter   │timer     │   i32/u32 each,
//  │u32   │u32      │ u64    │bits u32│bits u32 │i32 milli │i32 milli│i32 milli  │u32       │ms u32    │   scans u64
//  └──────┴─────────┴────────┴────────┴─────────┴──────────┴─────────┴───────────┴──────────┴──────────┘
// ---------------------------------------------------------------------------------------------------------------------
export const PROCESS_IMAGE_MAGIC: u32 = 0x31434c50; // "PLC1" in memory
export const PROCESS_IMAGE_SEQUENCE: u32 = 4;
export const PROCESS_IMAGE_SCANS: u32 = 8;
export const PROCESS_IMAGE_INPUTS: u32 = 16;
export const PROCESS_IMAGE_OUTPUTS: u32 = 20;
export const PROCESS_IMAGE_SETPOINT: u32 = 24;
export const PROCESS_IMAGE_MEASURED: u32 = 28;
export const PROCESS_IMAGE_ACTUATOR: u32 = 32;
export const PROCESS_IMAGE_COUNTER: u32 = 36;
export const PROCESS_IMAGE_TIMER: u32 = 40;
export const PROCESS_IMAGE_SIZE: u32 = 44;
