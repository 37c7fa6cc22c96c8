// What an attempt is: a way to get out, or to disturb, and what comes of it. The attempts are in attempts/, by subject.
import type { Answer } from "./answers.ts";
import type { Operation } from "./operations.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

export const SUBJECTS = [
  "memory", "devices", "caches and TLBs", "table walks", "distributor", "redistributor", "SGIs", "calls", "PSCI", "registers", "storms", "partners", "exceptions",
] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What a neighbour may rightly notice of an attempt. Whatever is not listed it may not. */
export type Touch =
  /** The memory of their channel, which is both's. */
  | "channel"
  /** Its doorbell interrupt is pending: it need not enable it. */
  | "doorbell";

export interface Step {
  readonly operation: Operation;
  readonly answer: Answer;
  /** QEMU's, where its emulation leaves out what hardware does. */
  readonly inQemu?: Answer;
  /** How often in a row, in QEMU; the answer is to the last one, exceptions are counted for all. */
  readonly times?: number;
}

export interface Attempt {
  readonly name: string;
  readonly subject: Subject;
  /** What it does, and what should come of it. */
  readonly does: string;
  /** What the neighbour may notice; left out: nothing at all. */
  readonly touches?: readonly Touch[];
  /** Left out: on every machine. */
  readonly when?: (target: Target) => boolean;
  /** New arguments each time. */
  readonly steps: (target: Target, random: Random) => Step[];
}

export const step = (operation: Operation, answer: Answer, more: Omit<Step, "operation" | "answer"> = {}): Step => ({ operation, answer, ...more });
