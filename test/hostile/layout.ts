// Places in the hostile guest's RAM, and the layout of the steps that it is given: one list for what writes them (encode.ts), for
// the assembly (program.ts hands it the numbers as macros), and for the AssemblyScript that reads them (as intrinsics).

/** Above all that there is physically, so that every physical address is an IPA of its own to try. */
export const IMAGE_IPA = 0x1_0000_0000;
/** Linear memory at the address where it is: the guest's stage 1 is an identity. */
export const LINEAR_IPA = IMAGE_IPA + 0x1_0000;
/** Its translation tables: level 0, and behind it two level 1 tables as Normal memory and two as Device. */
export const STAGE1_IPA = IMAGE_IPA + 0x2_0000;
export const STAGE1_BYTES = 0x5000;
/** What it can be told to do: written into its image by encode.ts. */
export const STEPS_IPA = IMAGE_IPA + 0x3_0000;
export const STEPS_BYTES = 0x10_0000;

/** VA = IPA as Normal memory; + this: as Device-nGnRE. */
export const DEVICE_ALIAS = 2 ** 40;
/** The VA whose level 1 table a `walk` puts somewhere, and the slot of the level 0 table for it. */
export const WALK_SLOT = 4;
export const WALK_VA = WALK_SLOT * 2 ** 39;

//   header:  0       8       12    16     24        64
//           ┌───────┬───────┬─────┬──────┬─────────┐
//           │ magic │ count │ gic │ gicc │ console │ │  then the steps
//           └───────┴───────┴─────┴──────┴─────────┘
//   step:    0           64          128    132     136    144     152    160
//           ┌───────────┬───────────┬──────┬───────┬──────┬───────┬──────┐
//           │ words[16] │ x0…x7     │ kind │ times │ mask │ value │      │   code, ended by RET; what is in x0…x7 at its start
//           └───────────┴───────────┴──────┴───────┴──────┴───────┴──────┘   (each time); the answer
export const STEPS_MAGIC = "AXVHOST1";
export const HEADER = { count: 8, gic: 12, gicc: 16, console: 24, bytes: 64 } as const;
export const STEP = { words: 0, x: 64, kind: 128, times: 132, mask: 136, value: 144, bytes: 160 } as const;
export const WORDS_MAX = 15;
export const ARGUMENTS = 8;
export const STEPS_MAX = Math.floor((STEPS_BYTES - HEADER.bytes) / STEP.bytes);

// What a step's answer is, for the guest to compare with; answers.ts says what they mean.
/** x0 & mask is value, and no exception was taken. */
export const ANSWER_DONE = 0;
/** Each time an exception was taken, and of the last one ESR_EL1 & mask is value. */
export const ANSWER_EXCEPTION = 1;
export const ANSWER_ANY = 2;
/** It does not come back. */
export const ANSWER_GONE = 3;
