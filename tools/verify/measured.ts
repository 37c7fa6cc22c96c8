// The most instructions that functions of one core took when it ran: written by the benchmark, and shown beside what is proven for
// as long as it is of this very core.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { writeAtomically } from "../build/files.ts";

const FILE = fileURLToPath(new URL("../../build/core/measured.json", import.meta.url));

const measured = z.strictObject({
  /** Of the core's ELF file. */
  sha256: z.string(),
  /** By the function's name. */
  instructions: z.record(z.string(), z.int().nonnegative()),
});

const hash = (elf: Uint8Array): string => createHash("sha256").update(elf).digest("hex");

export function writeMeasured(elf: Uint8Array, most: ReadonlyMap<string, number>): void {
  writeAtomically(FILE, JSON.stringify({ sha256: hash(elf), instructions: Object.fromEntries(most) }, undefined, 1));
}

/** Undefined: this core was not measured. */
export function readMeasured(elfPath: string): ReadonlyMap<string, number> | undefined {
  if (!existsSync(FILE)) return undefined;
  const { sha256, instructions } = measured.parse(JSON.parse(readFileSync(FILE, "utf8")));
  return sha256 === hash(readFileSync(elfPath)) ? new Map(Object.entries(instructions)) : undefined;
}
