// Plans a system.yaml with what the build knows: how large the core is, and how an image is laid out.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Isa } from "../../boards/isa.ts";
import { planSystem } from "../../partitions/index.ts";
import type { StandardImages } from "../../partitions/check/images.ts";
import type { LayoutImage, Outcome } from "../../partitions/index.ts";
import { MIB } from "../../partitions/units.ts";
import { ROOT } from "../build/files.ts";
import { pathsOf } from "../build/index.ts";
import { coreMemory, imageLayout } from "../build/pack.ts";
import { CORE_OF } from "../build/programs.ts";
import { QUICK_WASM } from "../build/quickWasm.ts";

export const coreBinary = (isa: Isa): string => pathsOf(CORE_OF[isa]).binary;
/** Counted for a core that is not built yet: more than its budget of text, data and linear memory. */
const CORE_ALLOWANCE = 2 * MIB;

/** Bytes of the built core in memory; undefined: it is not built yet. */
function builtCoreSize(isa: Isa): number | undefined {
  const file = coreBinary(isa);
  return existsSync(file) ? coreMemory(isa, readFileSync(file)) : undefined;
}

export function planFile(systemPath: string, standard: StandardImages = "as they are"): Outcome {
  const layout: LayoutImage = (blobSize, loadSizes, isa) =>
    imageLayout(builtCoreSize(isa) ?? CORE_ALLOWANCE, blobSize, loadSizes);
  return planSystem(systemPath, layout, standard);
}

/** A board's device tree that is not there yet is fetched first. Why it does not come is said as it fails. */
export function planWhole(systemPath: string, standard: StandardImages = "as they are"): Outcome {
  const outcome = planFile(systemPath, standard);
  if (outcome.missingTree === undefined) return outcome;
  const program = join(ROOT, "tools/plan/provide-tree.ts");
  spawnSync(process.execPath, [...QUICK_WASM, program, outcome.missingTree], { stdio: ["ignore", "ignore", "inherit"] });
  return planFile(systemPath, standard);
}
