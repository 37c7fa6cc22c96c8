// What attempts on AArch64 are about. They are in attempts/, by subject.
import { step as anyStep } from "../attempt.ts";
import type { Answer } from "../answers.ts";
import type { Attempt as AnyAttempt, Step as AnyStep } from "../attempt.ts";
import type { Operation } from "./operations.ts";
import type { Target } from "./target.ts";

export type { Touch } from "../attempt.ts";

export const SUBJECTS = [
  "memory", "devices", "caches and TLBs", "table walks", "distributor", "redistributor", "SGIs", "calls", "PSCI", "registers",
  "storms", "partners", "exceptions",
] as const;
export type Subject = (typeof SUBJECTS)[number];

export type Step = AnyStep<Operation>;

export interface Attempt extends AnyAttempt<Target, Operation> {
  readonly subject: Subject;
}

export const step = (operation: Operation, answer: Answer, more: Omit<Step, "operation" | "answer"> = {}): Step =>
  anyStep(operation, answer, more);
