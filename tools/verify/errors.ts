// What verify can refuse, in one table: a stable code and the sentence that says what to do about it.
import { relative } from "node:path";

/** A line of a source file, as clang's line table or asc's source map has it. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export const VERIFY_ERRORS = {
  // The WebAssembly (what asc's output may not have, tools/build refuses with its own errors)
  recursion: "no call path may come back to where it started; turn it into a loop with a bound",

  // The linked binary
  "elf-malformed": "the file is not a 64-bit little-endian AArch64 executable with a symbol table; build the core again",
  "markers-malformed":
    "section .axv.bounds must hold a 16-byte record for each bound() of this very WebAssembly; build the core again",
  "indirect-call": "calls through registers hide the call graph; call the function by its name",
  "indirect-branch": "only direct branches can be followed; compile with -fno-jump-tables",
  undecodable: "control flow runs into what is no instruction; end the path with ret, eret, a branch or brk",
  "branch-astray": "a branch must stay in its function or go to the start of another one; give the target a function symbol",
  "code-unreachable":
    "no function symbol leads to this code, so nothing is known about it; label it as a function (.type name, %function)",
  "loop-irreducible": "the loop has two entrances, so that it has no bound; enter it at one place",
  "loop-unmarked": "put a loop marker into the loop (bound() in AssemblyScript, a record in .axv.bounds in assembly)",
  "register-lost":
    "a function changes what its caller still needs; save it around the call, or say in programs.ts what the function keeps",
  "stack-dynamic": "the depth of the stack must be a constant on every path; no variable-length arrays, no alloca",
  "stack-too-small": "raise the stack size in the linker script to what the proof says",
  "symbol-missing": "the linker script must define it",

  // The budgets
  "budgets-malformed": "correct the budgets file",
  "budget-missing": "every entry point needs a budget; add a line to the budgets file",
  "budget-unknown": "no such function in the binary: clang inlined it, or it has another name now; correct the budgets file",
  "over-budget": "make it shorter, or raise the budget with a reason",
} as const;

export type VerifyErrorCode = keyof typeof VERIFY_ERRORS;

export class VerifyError extends Error {
  override readonly name = "VerifyError";
  readonly code: VerifyErrorCode;
  readonly at: SourceLine | undefined;

  /** `what` is wrong, in which function or file; `at` which line of which source file. */
  constructor(code: VerifyErrorCode, what: string, at?: SourceLine) {
    const where = at === undefined ? "" : `${at.file}:${at.line}: `;
    super(`${where}${what}: ${VERIFY_ERRORS[code]} [${code}]`);
    this.code = code;
    this.at = at;
  }
}

/** Paths are said as one would type them from where one stands. */
export function displayPath(path: string): string {
  const short = relative("", path);
  return short.startsWith("..") ? path : short;
}

export const hex = (address: number): string => `0x${address.toString(16)}`;
