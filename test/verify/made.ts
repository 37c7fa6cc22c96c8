// What tests have made of the same sources before: compiled, linked, disassembled. Within one process it is remembered; while
// mutants are tried, each in a process of its own, it is also kept in the copy that is changed, for what makes it is not.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readOptional, ROOT, writeAtomically } from "../../tools/build/files.ts";
import { CHOSEN } from "../mutants-tools/stryker.ts";

const isKept = process.env[CHOSEN] !== undefined;
const known = new Map<string, Uint8Array>();

const keyOf = (sources: unknown): string => createHash("sha256").update(JSON.stringify(sources)).digest("hex");
const fileOf = (key: string): string => join(ROOT, "build/test/verify", key);

/** `sources`: all that it depends on. */
export function recall(sources: unknown): Uint8Array | undefined {
  const key = keyOf(sources);
  return known.get(key) ?? (isKept ? readOptional(fileOf(key)) : undefined);
}

export function remember(sources: unknown, made: Uint8Array): Uint8Array {
  const key = keyOf(sources);
  if (isKept && !known.has(key)) writeAtomically(fileOf(key), made);
  known.set(key, made);
  return made;
}
