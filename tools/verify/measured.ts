// The most instructions that functions of one core took when it ran: written by the benchmark, and shown beside what is
// proven for as long as it is of this very core.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { writeAtomically } from "../build/files.ts";

const FILE = fileURLToPath(new URL("../../build/core/measured.json", import.meta.url));

const amount = z.int().nonnegative();

/** The most that a function took. */
const taken = z.strictObject({
  instructions: amount,
  /** Without the rounds of loops as long as a byte count, each taken for the longest: what the bound is of. */
  besidesSizes: z.int(),
});
export type Taken = z.infer<typeof taken>;

const measured = z.strictObject({
  /** Of the core's ELF file. */
  sha256: z.string(),
  /** By the function's name. */
  most: z.record(z.string(), taken),
});

const hash = (elf: Uint8Array): string => createHash("sha256").update(elf).digest("hex");

export function writeMeasured(elf: Uint8Array, most: ReadonlyMap<string, Taken>, file = FILE): void {
  writeAtomically(file, JSON.stringify({ sha256: hash(elf), most: Object.fromEntries(most) }, undefined, 1));
}

/** Undefined: this core was not measured. */
export function readMeasured(elfPath: string, file = FILE): ReadonlyMap<string, Taken> | undefined {
  if (!existsSync(file)) return undefined;
  const { sha256, most } = measured.parse(JSON.parse(readFileSync(file, "utf8")));
  return sha256 === hash(readFileSync(elfPath)) ? new Map(Object.entries(most)) : undefined;
}
