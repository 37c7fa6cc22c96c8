// What a build of a system leaves: the image, and beside it what was planned on the way.
import { basename, dirname, join, relative, resolve } from "node:path";
import { BLOB_MAGIC } from "../../partitions/blob/layout.table.ts";
import type { Plan } from "../../partitions/plan/plan.ts";
import { PROJECT_ROOT } from "../../partitions/project.ts";
import { readFile, withFile } from "../../partitions/source/file.ts";
import { MIB } from "../../partitions/units.ts";
import { claim, type Output } from "../output/places.ts";

/** Names of what is written beside the image. */
export const PLAN_FILE = "plan.json";
export const BLOB_FILE = "system.blob";
const IMAGE_FILE = "image.bin";
const treeFile = (partition: string): string => `${partition}.dts`;

const YAML = ".yaml";

/**
 * lines/press.yaml → lines/build/press/image.bin: beside the file, so that two files of one name in two folders have each
 * their own. lines/press → lines/build/press/not-yaml/image.bin: no other file's products are in that folder.
 */
export function standardImage(systemFile: string): string {
  const name = basename(systemFile);
  const folders = name.endsWith(YAML) ? [name.slice(0, -YAML.length)] : [name, "not-yaml"];
  return join(dirname(systemFile), "build", ...folders, IMAGE_FILE);
}

/** Where each product goes. */
export interface Places {
  readonly image: string;
  readonly plan: string;
  readonly blob: string;
  /** By partition name. */
  readonly trees: ReadonlyMap<string, string>;
}

/** Its own files are not only what this build reads: sources, and what other builds have made. */
const isInProject = (path: string): boolean => !relative(PROJECT_ROOT, resolve(path)).startsWith("..");

/**
 * `image`: where somebody wants it; undefined: in its standard place. There, and inside the project, a file is replaced only
 * if it comes from a build, whose plan then stands beside it.
 */
export function claimProducts(
  systemFile: string,
  image: string | undefined,
  trees: readonly string[],
  inputs: readonly string[],
): Places {
  const wanted = image ?? standardImage(systemFile);
  const isGuarded = image === undefined || isInProject(image);
  const beside = (name: string): string => join(dirname(wanted), name);
  const outputs: Output[] = [
    { path: wanted, what: "the image", ...(isGuarded && { isOurs: isBesidePlan }) },
    { path: beside(PLAN_FILE), what: "the plan", isOurs: isPlan },
    { path: beside(BLOB_FILE), what: "the system blob", isOurs: isBlob },
    ...trees.map((name) => ({ path: beside(treeFile(name)), what: `the device tree of ${name}`, isOurs: isTree })),
  ];
  const [imagePlace = "", plan = "", blob = "", ...treePlaces] = claim(outputs, inputs);
  return { image: imagePlace, plan, blob, trees: new Map(trees.map((name, index) => [name, treePlaces[index] ?? ""])) };
}

/** Bytes; many times what the largest system needs. */
const PLAN_MAX = 16 * MIB;

const isPlan = (path: string): boolean => readPlan(path) !== undefined;
/** As what a build leaves is, whose form does not tell that it does. */
export const isBesidePlan = (path: string): boolean => isPlan(join(dirname(path), PLAN_FILE));

/** The plan that a build has left; undefined: the file is something else. */
export function readPlan(path: string): Plan | undefined {
  const bytes = readFile(path, PLAN_MAX);
  if (typeof bytes === "string") return undefined;
  try {
    const plan: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const hasAll =
      typeof plan === "object" && plan !== null && ["board", "image", "partitions"].every((key) => Object.hasOwn(plan, key));
    return hasAll ? (plan as Plan) : undefined;
  } catch {
    return undefined;
  }
}

const MAGIC_BYTES = 4;

function isBlob(path: string): boolean {
  const start = firstBytes(path, MAGIC_BYTES);
  return start.length === MAGIC_BYTES && start.readUInt32LE() === Number(BLOB_MAGIC);
}

/** The model that guests are told (partitions/devicetree) stands in the first lines. */
const TREE_HEAD_BYTES = 256;

const isTree = (path: string): boolean => firstBytes(path, TREE_HEAD_BYTES).includes('model = "axv-part ');

/** None, if it cannot be read. */
function firstBytes(path: string, count: number): Buffer {
  const bytes = withFile(path, (file) => file.first(count));
  return Buffer.from(typeof bytes === "string" ? [] : bytes);
}
