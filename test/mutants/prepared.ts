// The program of all mutants and the courses of the tests, from an earlier run if nothing they are made of has changed since.
import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readOptional, ROOT, writeAtomically } from "../../tools/build/files.ts";
import { programOf } from "./program.ts";
import type { Program } from "./program.ts";
import type { Numbered } from "./schema.ts";
import { watch } from "./trials.ts";
import type { Courses } from "./trials.ts";
import { testFiles } from "./trier.ts";

const FILE = join(ROOT, "build/mutants/prepared.json");
const MADE_OF = [
  "core/*.table.ts",
  "core/abi.ts",
  "arch/aarch64/*.table.ts",
  "partitions/blob/*.ts",
  "test/mutants/{mutations,tokens,schema,program,trier,collector}.ts",
];
/** All that tests use, and they themselves. */
const TESTS = ["test/core/**/*.ts", "test/machine/**/*.ts", "tools/machine/**/*.ts", "partitions/**/*.ts"];
const IS_TEST = /\.test\.ts$/;

interface Stored {
  readonly program: string;
  /** What tests use; and each file of them, as it was watched. */
  readonly used: string;
  readonly tests: Readonly<Record<string, string>>;
  readonly wasm: Program["wasm"];
  readonly held: readonly number[];
  readonly places: readonly (readonly [number, number])[];
  readonly courses: Courses;
}

function digest(texts: Iterable<string>): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex");
}

const filesOf = (globs: readonly string[]): string[] => globs.flatMap((glob) => globSync(glob, { cwd: ROOT })).sort();
const textOf = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const textsOf = (globs: readonly string[]): string[] => filesOf(globs).map(textOf);

export async function prepare(
  sources: ReadonlyMap<string, string>,
  mutants: readonly Numbered[],
  say: (line: string) => void,
): Promise<{ program: Program; courses: Courses }> {
  const key = {
    program: digest([...sources.values(), ...textsOf(MADE_OF)]),
    used: digest(
      filesOf(TESTS)
        .filter((file) => !IS_TEST.test(file))
        .map(textOf),
    ),
  };
  const tests = Object.fromEntries(testFiles().map((file) => [file, digest([textOf(file)])]));
  const text = readOptional(FILE)?.toString("utf8");
  const stored = text === undefined ? undefined : (JSON.parse(text) as Stored);
  let program: Program;
  if (stored?.program === key.program && Object.values(stored.wasm).every((path) => existsSync(path))) {
    const held = new Set(stored.held);
    program = { wasm: stored.wasm, held: mutants.filter(({ number }) => held.has(number)), places: new Map(stored.places) };
  } else {
    say("compiling one program that holds the mutants");
    program = await programOf(sources, mutants);
  }
  const isOld = stored?.program !== key.program || stored.used !== key.used;
  const watched = new Set(Object.keys(tests).filter((file) => !isOld && stored.tests[file] === tests[file]));
  if (watched.size < Object.keys(tests).length) say("watching which places each test comes by");
  const seen = await watch(
    program,
    Object.keys(tests).filter((file) => !watched.has(file)),
  );
  const isWatched = ({ file }: { readonly file: string }): boolean => watched.has(file);
  const courses = {
    courses: [...(stored?.courses.courses ?? []).filter(isWatched), ...seen.courses],
    failed: [...(stored?.courses.failed ?? []).filter(isWatched), ...seen.failed],
  };
  for (const { file, name } of courses.failed) say(`not used, for it fails as it is: ${file}: ${name}`);
  const next: Stored = {
    ...key,
    tests,
    wasm: program.wasm,
    held: program.held.map(({ number }) => number),
    places: [...program.places],
    courses,
  };
  writeAtomically(FILE, JSON.stringify(next));
  return { program, courses };
}
