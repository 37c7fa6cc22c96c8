// Where a board's own device tree is: a file beside board.yaml, the maker's that a variable names, or Debian's, which the tools
// fetch.
import { resolve } from "node:path";
import type { Board } from "../../../boards/schema.ts";
import { boardTreeUnreadable } from "../../diagnostics/catalogue.ts";
import type { Findings } from "../../diagnostics/diagnostic.ts";
import { displayPath, inProject } from "../../project.ts";
import { readFile } from "../../source/file.ts";
import { MIB } from "../../units.ts";

/** Where the tools put those that they fetch, relative to the project. */
export const FETCHED_TREES = "build/trees";
/** What Linux takes at most (Documentation/arch/arm64/booting.rst). */
const TREE_MAX = 2 * MIB;

export interface TreeFile {
  readonly path: string;
  /** Relative to the project: the tools can make it. */
  readonly fetched: string | undefined;
}

/** Undefined: nothing is known of it. */
export function treeFileOf({ tree }: Board): TreeFile | undefined {
  if (tree === undefined) return undefined;
  const makers = tree.variable === undefined ? undefined : process.env[tree.variable];
  if (makers !== undefined && makers !== "") return { path: resolve(makers), fetched: undefined };
  if ("file" in tree) return { path: tree.file, fetched: undefined };
  const fetched = `${FETCHED_TREES}/${tree.debian}`;
  return { path: inProject(fetched), fetched };
}

export function readTree(board: Board, { path, fetched }: TreeFile, findings: Findings): Uint8Array | undefined {
  const bytes = readFile(path, TREE_MAX);
  if (typeof bytes !== "string") return bytes;
  findings.report(["board"], boardTreeUnreadable(board.name, displayPath(path), bytes, fetched !== undefined));
  return undefined;
}
