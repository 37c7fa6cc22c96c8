// Control sequences of terminals: ECMA-48, 5.4 (CSI), 5.5 and 5.6 (other escapes, control strings).
//
//   CSI              ESC [ or 0x9b  parameters 0x30…0x3f*  intermediates 0x20…0x2f*  final 0x40…0x7e  cursor, colours, questions
//   control strings  ESC P, X, ], ^ or _  …  ESC \ or BEL                                             titles, pictures
//   others           ESC  intermediates 0x20…0x2f*  final 0x30…0x7e                                   modes, character sets

const SEQUENCE = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[PX\]^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-~]/g;

/**
 * CSI … n: where is the cursor, and how are you (DSR); CSI … c: what are you (DA). A terminal answers by typing. Busybox's
 * shell asks for the cursor before each prompt.
 */
const QUESTION = /\u001b\[[0-?]*[nc]/g;

export const stripControlSequences = (text: string): string => text.replace(SEQUENCE, "");

/** The same bytes without what a terminal would answer. */
export function withoutQuestions(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replace(QUESTION, ""), "latin1");
}
