// What steps are answered with on AArch64.
import type { Answer } from "../answers.ts";

// EC of a syndrome (Arm ARM D17.2.37).
export const EC_UNKNOWN = 0x00;
export const EC_ILLEGAL_STATE = 0x0e;
export const EC_SVC64 = 0x15;
export const EC_INSTRUCTION_ABORT = 0x20;
export const EC_DATA_ABORT = 0x24;
export const EC_DATA_ABORT_SAME = 0x25;
export const EC_BRK64 = 0x3c;
const EC_SHIFT = 26;
const EC_MASK = 0x3f;
const FSC_MASK = 0x3f;
/** Synchronous External abort, not on a table walk: what a bus says of an access that nobody answers. */
const FSC_EXTERNAL = 0x10;

export { ALIVE, objection, survives } from "../answers.ts";
export type { Answer, Came } from "../answers.ts";

const NOTHING = 0n;
const WORD = 0xffff_ffffn;
export const DONE: Answer = { kind: "done", mask: NOTHING, value: NOTHING };
export const FAILS_DATA: Answer = { kind: "fails", ec: EC_DATA_ABORT };
export const FAILS_FETCH: Answer = { kind: "fails", ec: EC_INSTRUCTION_ABORT };
export const FAILS_OR_LIVES: Answer = { kind: "fails or lives" };

export const returns = (value: bigint, mask = 0xffff_ffff_ffff_ffffn): Answer => ({ kind: "done", mask, value });
/** A negative SMCCC or PSCI result in w0. */
export const refuses = (code: number): Answer => returns(BigInt.asUintN(32, BigInt(code)), WORD);
const exception = (ec: number): Answer => ({ kind: "exception", mask: EC_MASK << EC_SHIFT, syndrome: ec << EC_SHIFT });
/** What the architecture says of an instruction that is not there. */
export const UNDEFINED: Answer = exception(EC_UNKNOWN);
export const ILLEGAL_STATE: Answer = exception(EC_ILLEGAL_STATE);
export const SUPERVISOR_CALL: Answer = exception(EC_SVC64);
export const BREAKPOINT: Answer = exception(EC_BRK64);
/** The bus does not answer. */
export const EXTERNAL_ABORT: Answer = {
  kind: "exception", mask: (EC_MASK << EC_SHIFT) | FSC_MASK, syndrome: (EC_DATA_ABORT_SAME << EC_SHIFT) | FSC_EXTERNAL,
};
