// What an attempt is: a way to get out, or to disturb, and what comes of it. Those of an ISA are in <isa>/attempts/, by subject.
import type { Answer } from "./answers.ts";
import type { Random } from "./random.ts";

/** What a neighbour may rightly notice of an attempt. Whatever is not listed it may not. */
export type Touch =
  /** The memory of their channel, which is both's. */
  | "channel"
  /** Its doorbell interrupt is pending: it need not enable it. */
  | "doorbell";

export interface Step<Operation> {
  readonly operation: Operation;
  readonly answer: Answer;
  /** QEMU's, where its emulation leaves out what hardware does. */
  readonly inQemu?: Answer;
  /** How often in a row, in QEMU; the answer is to the last one, exceptions are counted for all. */
  readonly times?: number;
}

export interface Attempt<Target, Operation> {
  readonly name: string;
  /** What it is about. */
  readonly subject: string;
  /** What it does, and what should come of it. */
  readonly does: string;
  /** What the neighbour may notice; left out: nothing at all. */
  readonly touches?: readonly Touch[];
  /** Left out: on every machine. */
  readonly when?: (target: Target) => boolean;
  /** New arguments each time. */
  readonly steps: (target: Target, random: Random) => Step<Operation>[];
}

export const step = <Operation>(
  operation: Operation, answer: Answer, more: Omit<Step<Operation>, "operation" | "answer"> = {},
): Step<Operation> =>
  ({ operation, answer, ...more });
