// A build whose inputs have not changed is not done again. What the inputs are is only known after a build (imports,
// includes), so each build leaves a list of what it read, with hashes.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readOptional, ROOT, writeAtomically } from "./files.ts";

interface InputList {
  readonly key: string;
  readonly inputs: Readonly<Record<string, string>>;
}

const LIST = "inputs.json";

const hash = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");
const hashFile = (file: string): string => {
  const content = readOptional(join(ROOT, file));
  return content === undefined ? "absent" : hash(content);
};

/** `key`: what decides besides files; `products`: absolute paths. */
export function isFresh(outDir: string, key: string, products: readonly string[]): boolean {
  const stored = readOptional(join(ROOT, outDir, LIST));
  if (stored === undefined || products.some((product) => !existsSync(product))) return false;
  const { key: oldKey, inputs } = JSON.parse(stored.toString("utf8")) as InputList;
  return oldKey === hash(key) && Object.entries(inputs).every(([file, old]) => hashFile(file) === old);
}

export function remember(outDir: string, key: string, inputs: readonly string[]): void {
  const record: InputList = { key: hash(key), inputs: Object.fromEntries([...inputs].sort().map((file) => [file, hashFile(file)])) };
  writeAtomically(join(ROOT, outDir, LIST), JSON.stringify(record, undefined, 1));
}

/** Before the products change: whoever is interrupted between them and the new list leaves no list. */
export function forget(outDir: string): void {
  rmSync(join(ROOT, outDir, LIST), { force: true });
}

/** The build's own sources and the versions of its packages are inputs too. */
export function ownInputs(): string[] {
  const own = readdirSync(join(ROOT, "tools/build"), { recursive: true, encoding: "utf8" });
  return [...own.filter((name) => /\.(ts|h)$/.test(name)).map((name) => `tools/build/${name}`), "package-lock.json", "asconfig.json"];
}
