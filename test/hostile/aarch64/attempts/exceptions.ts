// Exceptions that a guest can cause by itself: they are its own, and never the hypervisor's.
import { BREAKPOINT, ILLEGAL_STATE, SUPERVISOR_CALL, UNDEFINED } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step } from "../attempt.ts";
import type { Attempt } from "../attempt.ts";
import type { Odd } from "../operations.ts";

const odd = (name: string, does: string, what: Odd, answer: Answer): Attempt =>
  ({ name, subject: "exceptions", does, steps: () => [step({ kind: "odd", what }, answer)] });

export const exceptions: readonly Attempt[] = [
  odd("exception-svc", "SVC: its own", "svc", SUPERVISOR_CALL),
  odd("exception-brk", "BRK: its own, no debugger of anybody's", "brk", BREAKPOINT),
  odd("exception-hlt", "HLT: undefined, as long as no external debugger halts", "hlt", UNDEFINED),
  odd("exception-udf", "an instruction that is not there: undefined", "udf", UNDEFINED),
  odd("exception-dcps2", "DCPS2, the debugger's way to EL2: undefined", "dcps2", UNDEFINED),
  odd("exception-eret-el2", "ERET with SPSR_EL1 saying EL2: an illegal return, which stays at EL1", "eret to el2", ILLEGAL_STATE),
  odd("exception-eret-el3", "ERET with SPSR_EL1 saying EL3: likewise", "eret to el3", ILLEGAL_STATE),
];
