// Results of instructions that must have been done.
import type { Outcome } from "../../tools/machine/outcome.ts";

/** The result of a call, the value of a load. */
export function value(outcome: Outcome): bigint {
  if (outcome.kind === "done") return outcome.value;
  const shown = JSON.stringify(outcome, (_, v: unknown) => (typeof v === "bigint" ? `0x${v.toString(16)}` : v));
  throw new Error(`the instruction is not done: ${shown}`);
}

/** As value, for results that are signed (errors of calls). */
export const result = (outcome: Outcome): number => Number(BigInt.asIntN(64, value(outcome)));
