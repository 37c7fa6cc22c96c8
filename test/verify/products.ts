// A small program and its WebAssembly, as the build leaves those of a core, for tests of the whole step.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AARCH64 } from "../../tools/build/targets/aarch64.ts";
import type { Target } from "../../tools/build/targets/target.ts";
import { verify, type Report } from "../../tools/verify/verify.ts";
import { PRELUDE, withElf, type Source } from "./sample.ts";
import { withWasm } from "./wasm/sample.ts";

/** Exports of nested.ts, as assembly calls them; loops on the lines of nested.ts. */
export const C = `${PRELUDE}
#line 11 "test/verify/assembly/nested.ts"
u32 outer(volatile u32 *at, u32 rows) { u32 sum = 0; for (u32 row = 0; row < rows; row++) {
BLANK
BOUND(5); sum += at[row]; } return sum; }
#line 20 "test/verify/assembly/nested.ts"
__attribute__((noinline)) static u32 inner(volatile u32 *at) { volatile u32 room[20]; room[*at % 20] = 1; return room[1]; }
u32 alone(volatile u32 *at) { return inner(at) + 1; }
`.replace("BLANK\n", "\n");

export const ASSEMBLY = `
  .global vector
  vector: stp x29, x30, [sp, #-16]!
    bl outer
    bl alone
    ldp x29, x30, [sp], #16
    ret
  .global axv_stack_size, axv_linear_start, axv_linear_end
  .set axv_stack_size, 4096
  .set axv_linear_start, 0x10000
  .set axv_linear_end, 0x20000
`;

/** Of this repository's own core, whatever is verified: its budget is core.test.ts's business. */
const PLENTY = 1_000_000;
export const BUDGETS = {
  entries: {
    outer: { instructions: 100, stack: 0, why: "five rounds" },
    alone: { instructions: 100, stack: 200, why: "an array" },
  },
  size: { textAndRodata: 4096, linearMemory: 65536, sourceLines: PLENTY },
};
export type Budgets = Record<string, unknown>;

/** A folder that the caller removes, with nested.wasm in it, and its source map. */
export async function folderWithWasm(): Promise<{ folder: string; wasm: string }> {
  const folder = mkdtempSync(join(tmpdir(), "axv-verify-"));
  const wasm = join(folder, "nested.wasm");
  await withWasm("nested", (path) => {
    for (const suffix of ["", ".map"]) writeFileSync(wasm + suffix, readFileSync(path + suffix));
  });
  return { folder, wasm };
}

/** AArch64, with budgets of its own: written to a file. */
export function targetWith(file: string, budgets: Budgets = BUDGETS): Target {
  writeFileSync(file, JSON.stringify(budgets)); // JSON is YAML
  return { ...AARCH64, budgets: file };
}

export function writeElf(path: string, source: Source = { c: C, assembly: ASSEMBLY }): void {
  withElf(source, (elf) => {
    writeFileSync(path, readFileSync(elf));
  });
}

/** The report on a small program, by budgets that are written into the folder. */
export function verified(
  folder: string, wasm: string, budgets: Budgets = BUDGETS, source: Source = { c: C, assembly: ASSEMBLY },
): Report {
  const target = targetWith(join(folder, "budgets.yaml"), budgets);
  return withElf(source, (elf) => verify(elf, wasm, target));
}

export const codes = ({ problems }: Report): string[] => problems.map(({ code }) => code).sort();
/** Whole, but for the folder's name. */
export const messagesOf = ({ problems }: Report, folder: string): string[] =>
  problems.map(({ message }) => message.replaceAll(folder, "…"));
export const withEntry = (name: string, change: object): Budgets =>
  ({ ...BUDGETS, entries: { ...BUDGETS.entries, [name]: change } });

export const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });
