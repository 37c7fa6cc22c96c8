// What attempts on RISC-V are about. They are in attempts/, by subject. An operation is what a step executes: a few
// instructions, and what is in a0, a1, … as they begin; its result is what is in a0 then.
import { ALIVE } from "../answers.ts";
import type { Answer } from "../answers.ts";
import { step as anyStep } from "../attempt.ts";
import type { Attempt as AnyAttempt, Step as AnyStep } from "../attempt.ts";
import type { Target } from "./target.ts";

export { ALIVE };
export const SUBJECTS = [
  "hypervisor's registers", "machine's registers", "own registers", "instructions", "calls", "memory", "interrupt files", "APLIC",
  "PLIC", "devices", "table walks", "storms",
] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface Operation {
  readonly words: readonly number[];
  readonly a?: readonly (number | bigint)[];
}

export interface Step extends AnyStep<Operation> {
  /** Of an answer "fails": where, as an IPA. */
  readonly at?: number;
}

export interface Attempt extends AnyAttempt<Target, Operation> {
  readonly subject: Subject;
  readonly steps: (target: Target) => Step[];
}

// Causes (privileged architecture, "Supervisor cause register values").
export const ILLEGAL_INSTRUCTION = 2;
const LOAD_ACCESS = 5;
const STORE_ACCESS = 7;
const ECALL_FROM_USER = 8;
const LOAD_PAGE = 13;
export const FETCH_GUEST_PAGE = 20;
export const LOAD_GUEST_PAGE = 21;
export const STORE_GUEST_PAGE = 23;

const exception = (cause: number): Answer => ({ kind: "exception", mask: 0xffff_ffff, syndrome: cause });
/** Also what would be a virtual instruction: the hypervisor has none for a guest. */
export const ILLEGAL = exception(ILLEGAL_INSTRUCTION);
export const LOAD_REFUSED = exception(LOAD_ACCESS);
export const STORE_REFUSED = exception(STORE_ACCESS);
export const USER_CALLS = exception(ECALL_FROM_USER);
export const OWN_PAGE_FAULT = exception(LOAD_PAGE);

const ALL = 0xffff_ffff_ffff_ffffn;
export const DONE: Answer = { kind: "done", mask: 0n, value: 0n };
export const returns = (value: number | bigint, mask = ALL): Answer =>
  ({ kind: "done", mask: BigInt.asUintN(64, mask), value: BigInt.asUintN(64, BigInt(value)) });

export const step = (
  words: readonly number[], a: readonly (number | bigint)[], answer: Answer, more: { readonly times?: number } = {},
): Step => anyStep<Operation>({ words, a }, answer, more);
/** The guest's partition fails, by an access to `at`, and starts again. */
export const fails = (words: readonly number[], a: readonly (number | bigint)[], cause: number, at: number): Step =>
  ({ ...anyStep<Operation>({ words, a }, { kind: "fails", ec: cause }), at });

export const attempt = (
  subject: Subject, name: string, does: string, steps: (target: Target) => Step[], when?: (target: Target) => boolean,
): Attempt => ({ subject, name, does, steps, ...(when && { when }) });
