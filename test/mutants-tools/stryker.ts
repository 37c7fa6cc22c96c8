// StrykerJS, which changes the sources of the tools: installed where nothing else sees it, when it is first needed, for only
// this command uses it, and it brings 177 packages. From there it finds the repository's own vitest.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { ROOT } from "../../tools/build/files.ts";
import type { Mutant } from "../mutants/mutations.ts";

const VERSION = "10.1.1";
const FOLDER = join(ROOT, "build/stryker", VERSION);
/** Nobody needs them in the copy that is changed: what Stryker itself leaves there, and what a machine has fetched. */
const NOT_COPIED = ["/build/stryker", "/build/compile-cache", "/build/linux", "/node_modules"];
/** A mutant that hangs is one that is noticed; only on a machine that is very busy do the tests take so long. */
const PATIENCE_MS = 60_000;
/** All tests once, before the first mutant: minutes of a machine that does nothing else. */
const DRY_RUN_MINUTES = 60;
/** They run in one process, where what each test executes is kept for all of them. */
const HEAP_MIB = 12_288;

/** In the environment of its processes: names the file with the keys of the mutants that are tried, as JSON. */
export const CHOSEN = "AXV_MUTANTS_CHOSEN";

interface Place {
  /** From 0 on. */
  readonly line: number;
  readonly column: number;
}

/** As Stryker has it. */
export interface StrykerMutant {
  readonly fileName: string;
  readonly location: { readonly start: Place; readonly end: Place };
  readonly replacement: string;
}

export interface Result extends StrykerMutant {
  readonly status: "Killed" | "Survived" | "NoCoverage" | "Timeout" | "CompileError" | "RuntimeError" | "Ignored" | "Pending";
  readonly statusReason?: string;
}

/** A package of it. TypeScript cannot know these: they are not there when it looks. */
export async function strykerPackage<Exports>(name: string): Promise<Exports> {
  return (await import(join(FOLDER, "node_modules", name, "dist/src/index.js"))) as Exports;
}

export function install(): void {
  if (existsSync(join(FOLDER, "node_modules/.package-lock.json"))) return;
  mkdirSync(FOLDER, { recursive: true });
  const packages = ["core", "vitest-runner"].map((name) => `@stryker-mutator/${name}@${VERSION}`);
  // --legacy-peer-deps: without a vitest of its own.
  const options = ["--prefix", FOLDER, "--no-save", "--legacy-peer-deps", "--no-audit", "--no-fund"];
  execFileSync("npm", ["install", ...options, ...packages], { stdio: ["ignore", "inherit", "inherit"] });
}

const NO_LOG = { isDebugEnabled: () => false, debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Every mutant that Stryker makes of these files. */
export async function mutantsOf(files: readonly string[]): Promise<(Mutant & { readonly key: string })[]> {
  type Made = { readonly mutants: readonly StrykerMutant[] };
  const { Instrumenter } = await strykerPackage<{
    Instrumenter: new (log: typeof NO_LOG) => { instrument: (files: unknown, options: unknown) => Promise<Made> };
  }>("@stryker-mutator/instrumenter");
  const sources = files.map((name) => ({ name, mutate: true, content: readFileSync(join(ROOT, name), "utf8") }));
  const { mutants } = await new Instrumenter(NO_LOG).instrument(sources, { plugins: null, excludedMutations: [], ignorers: [] });
  return mutants.map(asMutant);
}

/** A file's path from the repository's root: Stryker has it whole. */
const fileOf = ({ fileName }: StrykerMutant): string => relative(ROOT, resolve(ROOT, fileName));

export function keyOf(mutant: StrykerMutant): string {
  const { start, end } = mutant.location;
  return [fileOf(mutant), start.line, start.column, end.line, end.column, mutant.replacement].join(":");
}

const onOneLine = (text: string): string => text.replace(/\s+/g, " ");

/** With the words of the core's mutants, so that a list of both reads the same. */
function asMutant(made: StrykerMutant): Mutant & { readonly key: string } {
  const { start, end } = made.location;
  const lines = readFileSync(join(ROOT, fileOf(made)), "utf8").split("\n");
  const offset = ({ line, column }: Place): number =>
    lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0) + column;
  const source = lines.join("\n");
  const original = source.slice(offset(start), offset(end));
  return {
    key: keyOf(made),
    file: fileOf(made),
    line: start.line + 1,
    was: (lines[start.line] ?? "").trim(),
    change: `${onOneLine(original)} → ${onOneLine(made.replacement)}`,
    source: source.slice(0, offset(start)) + made.replacement + source.slice(offset(end)),
  };
}

/** In reports lines and columns count from 1. */
const fromZero = ({ line, column }: Place): Place => ({ line: line - 1, column: column - 1 });

/** Puts mutants of these files to the tests; which of them, sampled.ts decides. */
export async function run(files: readonly string[], workers: number): Promise<readonly Result[]> {
  const { Stryker } = await strykerPackage<{
    Stryker: new (options: unknown) => { runMutationTest: () => Promise<readonly Result[]> };
  }>("@stryker-mutator/core");
  const stryker = new Stryker({
    mutate: files,
    testRunner: "sampled-vitest",
    plugins: [
      join(FOLDER, "node_modules/@stryker-mutator/vitest-runner/dist/src/index.js"),
      join(import.meta.dirname, "sampled.ts"),
    ],
    vitest: { configFile: "test/mutants-tools/vitest.config.ts", related: true },
    coverageAnalysis: "perTest",
    ignoreStatic: true,
    concurrency: workers,
    testRunnerNodeArgs: [`--max-old-space-size=${HEAP_MIB}`],
    timeoutMS: PATIENCE_MS,
    dryRunTimeoutMinutes: DRY_RUN_MINUTES,
    tempDirName: "build/stryker/sandbox",
    ignorePatterns: NOT_COPIED,
    disableTypeChecks: false,
    // It would have the compiler's own parser read tsconfig.json, and TypeScript 7 has none for JavaScript.
    tsconfigFile: "none",
    reporters: ["progress-append-only"],
    logLevel: "warn",
    fileLogLevel: "off",
  });
  const results = await stryker.runMutationTest();
  return results.map(({ location: { start, end }, ...result }) =>
    ({ ...result, location: { start: fromZero(start), end: fromZero(end) } }));
}
