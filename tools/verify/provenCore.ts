// The core as everything that ships it gets it: built, and proven by verify. A core that passes a budget is no core.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildProgram, isUpToDate, pathsOf, type Products } from "../build/index.ts";
import { CORE, type Program } from "../build/programs.ts";
import { formatReport } from "./table.ts";
import { TARGETS } from "../build/targets/index.ts";
import type { Target } from "../build/targets/target.ts";
import { budgetsOf, verify } from "./verify.ts";

/** What the last proof said, beside the core; starts with the budgets that it was held against. */
const PROOF = "verify.txt";

export class UnprovenCoreError extends Error {
  readonly code = "core-unproven";

  constructor(problems: readonly { readonly message: string }[]) {
    super(
      [
        "the core does not pass verify (node tools/verify/main.ts shows the whole table):",
        ...problems.map(({ message }) => `  ${message}`),
      ].join("\n"),
    );
    this.name = "UnprovenCoreError";
  }
}

const proofOf = (elf: string): string => join(dirname(elf), PROOF);
const budgetsFor = (target: Target): string => readFileSync(budgetsOf(target), "utf8");

/** The core that was built last has been proven against the budgets that there are now. */
export function isProofThere(elf: string, target: Target): boolean {
  const proof = proofOf(elf);
  return existsSync(proof) && readFileSync(proof, "utf8").startsWith(budgetsFor(target));
}

/** Leaves the proof beside the core. Throws UnprovenCoreError where there are problems, and then no proof is there. */
export function prove({ elf, wasm }: Pick<Products, "elf" | "wasm">, target: Target): void {
  rmSync(proofOf(elf), { force: true });
  const report = verify(elf, wasm, target);
  if (report.problems.length > 0) throw new UnprovenCoreError(report.problems);
  writeFileSync(proofOf(elf), [budgetsFor(target), ...formatReport(report), ""].join("\n"));
}

/** There is nothing to build and nothing to prove. */
export const isProven = (core: Program): boolean =>
  isUpToDate(core) && isProofThere(pathsOf(core).elf, TARGETS[core.isa]);

/** Builds the core if it is not up to date, and proves it if this very core has not been proven against these budgets. */
export async function buildProvenCore(
  progress: (line: string) => void, core: Program = CORE, build: typeof buildProgram = buildProgram,
): Promise<Products> {
  const products = await build(core, progress);
  const target = TARGETS[core.isa];
  if (products.upToDate && isProofThere(products.elf, target)) return products;
  progress(`${core.name}: proving bounds, stack and sizes`);
  prove(products, target);
  return products;
}
