// What the PLC guest can be told by the other end of its channel: a ring of commands to it and a ring of answers back, behind
// the process image and the timing. Plain constants, both AssemblyScript and TypeScript.
//
//   0x200                            0x480                            0x700
//  ┌────────────────────────────────┬────────────────────────────────┐
//  │ring of commands, 512 bytes     │ring of answers, 512 bytes      │   ringLayout.ts
//  └────────────────────────────────┴────────────────────────────────┘
//
//   a command:   kind u32 │ value i32
//   its answer:  kind u32 │ ANSWER_* u32 │ scan, low half, u32; the guest takes one command a scan
//
// An answer for which there is no room is lost; the command has been carried out all the same.

export const COMMANDS_RING: u32 = 0x200;
export const ANSWERS_RING: u32 = 0x480;
/** Of each of the two. */
export const COMMANDS_CAPACITY: u32 = 512;
export const COMMAND_BYTES: u32 = 8;
export const ANSWER_BYTES: u32 = 12;

/** The furnace's setpoint while there is a part, in thousandths of a degree Celsius. */
export const PLC_COMMAND_SETPOINT: u32 = 1;
/** kind of an answer to what is no command: too short, too long, or not even a record. */
export const PLC_COMMAND_NONE: u32 = 0;

export const ANSWER_DONE: u32 = 0;
export const ANSWER_UNKNOWN: u32 = 1; // no such kind of command
export const ANSWER_OUT_OF_RANGE: u32 = 2; // nothing has changed
export const ANSWER_MALFORMED: u32 = 3; // not COMMAND_BYTES long
export const ANSWER_CORRUPT: u32 = 4; // the ring itself was wrong; what was in it has been dropped
