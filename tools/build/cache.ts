// A build whose inputs have not changed is not done again. What the inputs are is only known after a build (imports,
// includes), so each build leaves a list of what it read, with hashes.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
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

/** Files that are read from a certain time on. */
export interface ReadFiles {
  readonly files: readonly string[];
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** For what this process has imported: then it began. */
export const PROCESS_STARTED = performance.timeOrigin;

/**
 * Hashed is what is in the files now, after the build: a file that has changed since the build began to read may not be what
 * was built. Then no list is left, and the next build is done again. (ctime: a program cannot set it back, unlike mtime.)
 */
export function remember(outDir: string, key: string, read: readonly ReadFiles[]): void {
  if (read.some(({ files, since }) => files.some((file) => changedSince(file, since)))) return;
  const inputs = read.flatMap(({ files }) => files);
  const record: InputList = {
    key: hash(key),
    inputs: Object.fromEntries([...inputs].sort().map((file) => [file, hashFile(file)])),
  };
  writeAtomically(join(ROOT, outDir, LIST), JSON.stringify(record, undefined, 1));
}

function changedSince(file: string, time: number): boolean {
  const info = statSync(join(ROOT, file), { throwIfNoEntry: false });
  return info === undefined || info.ctimeMs > time;
}

/** Before the products change: whoever is interrupted between them and the new list leaves no list. */
export function forget(outDir: string): void {
  rmSync(join(ROOT, outDir, LIST), { force: true });
}

/** The build's own sources and the versions of its packages are inputs too. */
export function ownInputs(): string[] {
  const own = readdirSync(join(ROOT, "tools/build"), { recursive: true, encoding: "utf8" });
  return [
    ...own.filter((name) => /\.(ts|h)$/.test(name)).map((name) => `tools/build/${name}`),
    "package-lock.json",
    "asconfig.json",
  ];
}

/** TypeScript files, and what they import of the project's own, and so on: by Node they are read as one. */
export function withImports(files: readonly string[]): string[] {
  const found = new Set(files);
  for (const file of found) {
    const text = readFileSync(join(ROOT, file), "utf8");
    for (const [, path = ""] of text.matchAll(/ from "(\.[^"]+\.ts)"/g)) found.add(join(dirname(file), path));
  }
  return [...found];
}
