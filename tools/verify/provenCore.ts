// The core as everything that ships it gets it: built, and proven by verify. A core that passes a budget is no core.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildProgram, isUpToDate, pathsOf } from "../build/index.ts";
import { CORE, type Program } from "../build/programs.ts";
import { formatReport } from "./table.ts";
import { TARGETS } from "../build/targets/index.ts";
import { budgetsOf, type Report, verify } from "./verify.ts";

type Products = Awaited<ReturnType<typeof buildProgram>>;

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

const proofOf = (core: Program): string => join(dirname(pathsOf(core).elf), PROOF);
const budgetsFor = (core: Program): string => readFileSync(budgetsOf(TARGETS[core.isa]), "utf8");

/** The core that was built last has been proven against these budgets. */
const isProofOf = (budgets: string, proof: string): boolean =>
  existsSync(proof) && readFileSync(proof, "utf8").startsWith(budgets);

/** The same report. Throws UnprovenCoreError when it has problems. */
export function proven(report: Report): Report {
  if (report.problems.length > 0) throw new UnprovenCoreError(report.problems);
  return report;
}

/** There is nothing to build and nothing to prove. */
export const isProven = (core: Program): boolean => isUpToDate(core) && isProofOf(budgetsFor(core), proofOf(core));

/** Builds the core if it is not up to date, and proves it if this very core has not been proven against these budgets. */
export async function buildProvenCore(progress: (line: string) => void, core: Program = CORE): Promise<Products> {
  const products = await buildProgram(core, progress);
  const proof = proofOf(core);
  const target = TARGETS[core.isa];
  const budgets = budgetsFor(core);
  if (products.upToDate && isProofOf(budgets, proof)) return products;
  rmSync(proof, { force: true });
  progress(`${core.name}: proving bounds, stack and sizes`);
  const report = verify(products.elf, products.wasm, target);
  writeFileSync(proof, [budgets, ...formatReport(proven(report)), ""].join("\n"));
  return products;
}
