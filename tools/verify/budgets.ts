// The budgets file (YAML): what the entry points may cost in the worst case, and how large the hypervisor may be.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as z from "zod";
import { displayPath, VerifyError } from "./errors.ts";

const amount = z.int().nonnegative();

const entry = z.strictObject({
  /** Along the longest path, everything called included. */
  instructions: amount,
  /** Bytes, everything called included. */
  stack: amount,
  /** Of each iteration of a loop that is as long as a byte count. Without it there may be no such loop. */
  perIteration: amount.optional(),
  /** What makes up the worst case, and why so much is right. */
  why: z.string().min(1),
});

const budgets = z.strictObject({
  /** By the function's name in the binary: all exports, and any other that is to have a row of its own. */
  entries: z.record(z.string(), entry),
  size: z.strictObject({
    /** Bytes of code and constants in the image. */
    textAndRodata: amount,
    /** Bytes of linear memory, stage-2 tables included. */
    linearMemory: amount,
    /** Lines of core/ and arch/<isa>/: AssemblyScript, intrinsics tables, assembly, linker script. */
    sourceLines: amount,
  }),
});

export type EntryBudget = z.infer<typeof entry>;
export type Budgets = z.infer<typeof budgets>;

export function loadBudgets(path: string): Budgets {
  let data: unknown;
  try {
    data = parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new VerifyError("budgets-malformed", `${displayPath(path)}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = budgets.safeParse(data);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`);
  throw new VerifyError("budgets-malformed", `${displayPath(path)}: ${issues.join("; ")}`);
}
