// Places in the memory of the hostile guest on RISC-V: one list for what writes its image (image.ts) and for guest.S, which gets
// them as macros. A step is as ../layout.ts has it: its registers are a0 to a7.
import { ANSWER_ANY, ANSWER_DONE, ANSWER_EXCEPTION, STEP } from "../layout.ts";

export const IMAGE_IPA = 0x8020_0000;
/** The root of translation tables of its own, a page: the third GiB is mapped as it is, the fourth is for steps. */
export const ROOT_IPA = IMAGE_IPA + 0x1000;
//   header:  0       8              16
//           ┌───────┬──────────────┬─────────────┐
//           │ count │ progress IPA │  then steps │   progress: which step is next, in memory that outlives the guest
//           └───────┴──────────────┴─────────────┘
export const STEPS_IPA = IMAGE_IPA + 0x2000;
export const HEADER = { count: 0, progress: 8, bytes: 16 } as const;
/** Of the image, whatever steps there are: planned before they are known. */
export const IMAGE_BYTES = 0x4_0000;
/** So many interrupts a step takes; then it closes them. */
export const STORM = 500;

export const MACROS: Readonly<Record<string, number>> = {
  IMAGE_IPA, IMAGE_BYTES, ROOT_IPA, STEPS_IPA, HEADER_PROGRESS: HEADER.progress, HEADER_BYTES: HEADER.bytes,
  STEP_BYTES: STEP.bytes, STEP_A: STEP.x, STEP_KIND: STEP.kind, STEP_TIMES: STEP.times, STEP_MASK: STEP.mask,
  STEP_VALUE: STEP.value, ANSWER_DONE, ANSWER_EXCEPTION, ANSWER_ANY, STORM,
};
