// One program that holds as many mutants as can be put into it: the compiler's complaints say which cannot.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile } from "../../tools/build/compile.ts";
import { readOptional, ROOT, writeAtomically } from "../../tools/build/files.ts";
import { CORE } from "../../tools/build/programs.ts";
import { APART, apartPath, type Apart } from "../core/apart.ts";
import { schemaOf } from "./schema.ts";
import type { Numbered, Purpose } from "./schema.ts";

export interface Program {
  /** Chooses by number, and says what it comes by. */
  readonly wasm: Readonly<Record<Purpose, string>>;
  readonly held: readonly Numbered[];
  /** Of each mutant, the number that its place is known by. */
  readonly places: ReadonlyMap<number, number>;
}

const FOLDER = "build/mutants";
/** asconfig.json's but for optimizing, which would take a minute for the program of all mutants. */
const PLAIN = [
  "--config",
  "none",
  "--runtime",
  "stub",
  "--optimizeLevel",
  "1",
  "--noAssert",
  "--debug",
  "--sourceMap",
  "--use",
  "abort=",
];
/** Each round refuses some lines more. */
const ROUNDS = 40;

/** Texts of the lines that an earlier run had to leave out, by file: most are so still, and each round takes seconds. */
const REFUSED = join(ROOT, FOLDER, "refused.json");

const lineOf = (source: string | undefined, line: number): string => source?.split("\n")[line - 1] ?? "";

function refusedBefore(file: string, source: string): Set<number> {
  const stored = JSON.parse(readOptional(REFUSED)?.toString("utf8") ?? "{}") as Readonly<Record<string, readonly string[]>>;
  const texts = new Set(stored[file]);
  return new Set(source.split("\n").flatMap((text, n) => (texts.has(text) ? [n + 1] : [])));
}

/** `sources`: all of them by file; `mutants`: with numbers that are unique. */
export async function programOf(sources: ReadonlyMap<string, string>, mutants: readonly Numbered[]): Promise<Program> {
  const of = new Map([...sources.keys()].map((file) => [file, mutants.filter((mutant) => mutant.file === file)]));
  const refused = new Map([...sources].map(([file, source]) => [file, refusedBefore(file, source)]));
  const places = new Map<number, number>();
  const make = (purpose: Purpose): { texts: Map<string, string>; held: Numbered[] } => {
    const made = [...of].map(
      ([file, some]) => [file, schemaOf(sources.get(file) ?? "", some, refused.get(file) ?? new Set(), purpose)] as const,
    );
    for (const [, { places: some }] of made) for (const [mutant, place] of some) places.set(mutant, place);
    return { texts: new Map(made.map(([file, { source }]) => [file, source])), held: made.flatMap(([, { held }]) => held) };
  };
  for (let round = 0; round < ROUNDS; round++) {
    const { texts, held } = make("choose");
    try {
      const wasm = { choose: await write("choose", texts), watch: await write("watch", make("watch").texts) };
      writeAtomically(
        REFUSED,
        JSON.stringify(
          Object.fromEntries(
            [...refused].map(([file, lines]) => [file, [...lines].map((line) => lineOf(sources.get(file), line))]),
          ),
        ),
      );
      return { wasm, held, places };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const before = count(refused);
      const changed = new Set(held.map(({ file, line }) => `${file}:${line}`));
      for (const complaint of error.message.split("\n\n").filter((text) => /^ERROR/m.test(text))) {
        const [, file = "", line = ""] = / in (\S+)\((\d+),\d+\)/.exec(complaint) ?? [];
        if (changed.has(`${file}:${line}`)) refused.get(file)?.add(Number(line));
        else refuse(file, Number(line));
      }
      if (count(refused) === before) throw error;
    }
  }
  throw new Error("the compiler goes on complaining");

  /**
   * A line in which the compiler finds an error: nothing is chosen there, nor in the constants that
   * it names, and those that they name.
   */
  function refuse(file: string, line: number, visited = new Set<string>()): void {
    refused.get(file)?.add(line);
    visited.add(`${file}:${line}`);
    for (const name of new Set(lineOf(sources.get(file), line).match(/\b[A-Z][A-Z0-9_]+\b/g))) {
      for (const [other, source] of sources) {
        source.split("\n").forEach((defined, n) => {
          if (!new RegExp(`^(export )?const ${name}\\b`).test(defined) || visited.has(`${other}:${n + 1}`)) return;
          refuse(other, n + 1, visited);
        });
      }
    }
  }
}

const count = (refused: ReadonlyMap<string, ReadonlySet<number>>): number =>
  [...refused.values()].reduce((sum, lines) => sum + lines.size, 0);

async function write(purpose: Purpose, texts: ReadonlyMap<string, string>): Promise<string> {
  const { wasm } = await compile(CORE, texts, PLAIN);
  const path = join(ROOT, FOLDER, `${purpose}.wasm`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wasm);
  for (const name of Object.keys(APART) as Apart[])
    writeFileSync(apartPath(path, name), (await compile(APART[name], texts, PLAIN)).wasm);
  return path;
}
