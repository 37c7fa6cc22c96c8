// A build whose inputs have not changed is not done again. What the inputs are is only known after a build (imports,
// includes), so each build leaves a list of what it read, with hashes.
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readOptional, ROOT, writeAtomically } from "./files.ts";

interface Record_ {
  readonly key: string;
  readonly inputs: Readonly<Record<string, string>>;
}

const LIST = "inputs.json";

const hash = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");
const hashFile = (file: string): string => {
  const content = readOptional(join(ROOT, file));
  return content === undefined ? "absent" : hash(content);
};

/** `key`: what decides besides files. */
export function isFresh(outDir: string, key: string, products: readonly string[]): boolean {
  const stored = readOptional(join(ROOT, outDir, LIST));
  if (stored === undefined || products.some((product) => readOptional(join(ROOT, outDir, product)) === undefined)) return false;
  const { key: oldKey, inputs } = JSON.parse(stored.toString("utf8")) as Record_;
  return oldKey === hash(key) && Object.entries(inputs).every(([file, old]) => hashFile(file) === old);
}

export function remember(outDir: string, key: string, inputs: readonly string[]): void {
  const record: Record_ = { key: hash(key), inputs: Object.fromEntries([...inputs].sort().map((file) => [file, hashFile(file)])) };
  writeAtomically(join(ROOT, outDir, LIST), JSON.stringify(record, undefined, 1));
}

export function forget(outDir: string): void {
  writeAtomically(join(ROOT, outDir, LIST), JSON.stringify({ key: "", inputs: {} } satisfies Record_));
}

/** The build's own sources and the versions of its packages are inputs too. */
export function ownInputs(): string[] {
  const own = readdirSync(join(ROOT, "tools/build"), { recursive: true, encoding: "utf8" });
  return [...own.filter((name) => /\.(ts|h)$/.test(name)).map((name) => `tools/build/${name}`), "package-lock.json", "asconfig.json"];
}
