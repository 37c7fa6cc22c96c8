// From system.yaml to everything that a run of it needs: the image, built if it is not up to date; the plan; the disk.
import { closeSync, existsSync, openSync } from "node:fs";
import { rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Board } from "../../boards/schema.ts";
import { Findings } from "../../partitions/diagnostics/diagnostic.ts";
import type { Load } from "../../partitions/images/contents.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { displayPath } from "../../partitions/project.ts";
import { boardsIn } from "../../partitions/shelf.ts";
import { YamlSource } from "../../partitions/source/yaml.ts";
import { pathsOf } from "../build/index.ts";
import { CORE_OF } from "../build/programs.ts";
import { createDisk } from "../linux/disk.ts";
import type { Content } from "../output/write.ts";
import { buildSystem, type BuiltSystem } from "../plan/build.ts";
import { RunError } from "./errors.ts";

export interface PreparedSystem {
  /** The name of its file. */
  readonly title: string;
  readonly plan: Plan;
  readonly board: Board;
  /** Path of the image. */
  readonly image: string;
  /** The image, open: what boots is what was built for this run, whoever builds into the same folder meanwhile. */
  readonly opened: number;
  readonly disk: string;
  /** The core with its symbols, linked at 0. */
  readonly elf: string;
}

/**
 * `output`: where the image goes; undefined: in its standard place. `inspect`: what else must be right with the plan before
 * anything is built; `claimMore`: what else is written, beside what is taken, and `writeMore`: that.
 */
export async function prepare(
  systemFile: string,
  progress: (line: string) => void,
  output?: string,
  inspect?: (plan: Plan) => void,
  claimMore?: (taken: readonly string[]) => void,
  writeMore?: (plan: Plan, image: Load) => ReadonlyMap<string, Content>,
): Promise<PreparedSystem> {
  const use = (built: BuiltSystem): Promise<PreparedSystem> => prepareBuilt(systemFile, built, progress);
  return buildSystem(systemFile, output, progress, use, inspect, claimMore, writeMore);
}

/** What a run needs of a system that is built. */
export async function prepareBuilt(
  systemFile: string,
  { image, plan }: Pick<BuiltSystem, "image" | "plan">,
  progress: (line: string) => void,
): Promise<PreparedSystem> {
  const board = boardOf(plan, systemFile);
  if (board.boot.qemu === undefined) throw new RunError("AXV_NO_QEMU_BOARD", board.name);
  progress(`the image is ${displayPath(image)}`);
  const elf = displayPath(pathsOf(CORE_OF[board.isa]).elf);
  const opened = openSync(image, "r");
  try {
    return { title: basename(systemFile), plan, board, image, opened, disk: await disk(join(dirname(image), DISK_FILE)), elf };
  } catch (error) {
    closeSync(opened);
    throw error;
  }
}

/** Beside the image. */
const DISK_FILE = "disk.img";

export function boardOf({ board: name }: Pick<Plan, "board">, systemFile: string): Board {
  const findings = new Findings(new YamlSource(name, ""));
  const board = boardsIn(dirname(systemFile)).get(name, findings);
  // It was there and sound a moment ago, when the plan was made.
  if (board === undefined) throw new RunError("AXV_NO_QEMU_BOARD", name);
  return board;
}

/** The disk as it is before the first boot; runs leave it so (see arguments.ts). */
async function disk(path: string): Promise<string> {
  if (existsSync(path)) return path;
  const half = `${path}.${process.pid}`;
  await createDisk(half);
  await rename(half, path);
  return path;
}
