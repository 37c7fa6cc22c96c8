// What earlier runs have found (build/mutants.json), so that one that was interrupted goes on, and the list of mutants
// that change nothing (equivalent.yaml). A mutant that was noticed stays so while its file is as it was; a survivor is
// tried again, for there may be a test of it now.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { readOptional, ROOT, writeAtomically } from "../../tools/build/files.ts";
import { whyIndependent } from "./independent.ts";
import type { Mutant } from "./mutations.ts";
import type { Verdict } from "./workshop.ts";

const FILE = join(ROOT, "build/mutants.json");
const EQUIVALENT = join(ROOT, "test/mutants/equivalent.yaml");

export interface Equivalent {
  /** Left out: any. */
  readonly file?: string;
  /** The line's text; or instead a regular expression of it: a kind. */
  readonly line?: string;
  readonly pattern?: string;
  readonly change?: string;
  /** A regular expression of the line as the mutant has it: where `change` is said of several places in it. */
  readonly becomes?: string;
  readonly reason: string;
}

export const nameOf = ({ file, line, was, change }: Mutant): string => `${file}:${line}: ${change}: ${was}`;

export class Record {
  private readonly verdicts: Map<string, Verdict>;
  private readonly equivalent: readonly Equivalent[];

  constructor() {
    const stored = readOptional(FILE);
    this.verdicts = new Map(
      stored === undefined ? [] : Object.entries(JSON.parse(stored.toString("utf8")) as { readonly [key: string]: Verdict }),
    );
    this.equivalent = readEquivalents(EQUIVALENT);
  }

  known(mutant: Mutant): Verdict | undefined {
    const verdict = this.verdicts.get(keyOf(mutant));
    return verdict === "survived" ? undefined : verdict;
  }

  keep(mutant: Mutant, verdict: Verdict): void {
    this.verdicts.set(keyOf(mutant), verdict);
    writeAtomically(FILE, JSON.stringify(Object.fromEntries(this.verdicts), undefined, 1));
  }

  reasonFor(mutant: Mutant): string | undefined {
    return whyIndependent(mutant) ?? reasonIn(this.equivalent, mutant);
  }
}

export const readEquivalents = (file: string): readonly Equivalent[] => parse(readFileSync(file, "utf8")) as Equivalent[];

export function reasonIn(equivalents: readonly Equivalent[], mutant: Mutant): string | undefined {
  const { file, was, change } = mutant;
  return equivalents.find((entry) => {
    const isLine = entry.pattern === undefined ? entry.line === was : new RegExp(entry.pattern).test(was);
    return (
      isLine &&
      (entry.file ?? file) === file &&
      (entry.change ?? change) === change &&
      (entry.becomes === undefined || new RegExp(entry.becomes).test(mutant.source.split("\n")[mutant.line - 1] ?? ""))
    );
  })?.reason;
}

const keyOf = ({ source, line }: Mutant): string => createHash("sha256").update(`${line}\n${source}`).digest("hex");
