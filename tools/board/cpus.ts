// pCPUs in a device tree, and the caches that it tells of (Devicetree Specification v0.4, 3.8 and 3.9; Linux' binding of
// arm/cpus).
import {
  AFFINITY_MAX, CACHE_LEVELS, CACHE_LINES, CACHE_SETS_MAX, CACHE_WAYS_MAX, MAX_CPUS,
} from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, stringsOf } from "../../partitions/devicetree/properties.ts";
import { BoardError } from "./errors.ts";
import type { BoardFile } from "./file.ts";

const CELL_VALUES = 2 ** 32;
const ON = ["okay", "ok", "disabled", undefined];

export interface Cpus {
  /** The boot pCPU first. */
  readonly nodes: readonly FdtNode[];
  readonly mpidr: readonly number[];
  readonly compatible: readonly string[];
  /** How many more there are, for which the hypervisor has no room. */
  readonly more: number;
}

/** Aff3 to Aff0: of 64-bit `reg`s in two cells. */
const affinityOf = (node: FdtNode): number => cellsOf(node, "reg").reduce((sum, cell) => sum * CELL_VALUES + cell, 0);

/** `bootCpu`: of the blob's header. A CPU that is `disabled` is one that PSCI starts (3.8.1). */
export function cpusOf(places: Places, bootCpu: number): Cpus {
  const all = (places.byPath("/cpus")?.children ?? []).filter(
    (node) =>
      (stringsOf(node, "device_type")[0] === "cpu" || node.name.startsWith("cpu@")) && ON.includes(stringsOf(node, "status")[0]),
  );
  const foreign = all.find(
    (node) => stringsOf(node, "compatible").length === 0 || node.properties.has("riscv,isa") || affinityOf(node) > AFFINITY_MAX,
  );
  if (all.length === 0 || foreign !== undefined)
    throw new BoardError("AXV_BOARD_CPUS", foreign === undefined ? "it has none in /cpus" : `${foreign.path} is none`);
  const boot = all.filter((node) => affinityOf(node) === bootCpu);
  const nodes = [...boot, ...all.filter((node) => !boot.includes(node))].slice(0, MAX_CPUS);
  return {
    nodes,
    mpidr: nodes.map(affinityOf),
    compatible: nodes.map((node) => stringsOf(node, "compatible")[0] ?? ""),
    more: all.length - nodes.length,
  };
}

export const psciOf = (places: Places): FdtNode | undefined =>
  places.all.find((node) => stringsOf(node, "compatible").some((model) => /^arm,psci/.test(model)));

/** How firmware is called; it starts every pCPU but the first one. */
export function conduitOf(places: Places, { nodes }: Cpus): "smc" {
  const psci = psciOf(places);
  if (psci === undefined) throw new BoardError("AXV_BOARD_PSCI", "this tree has no node of it");
  const other = nodes.find((node) => !["psci", undefined].includes(stringsOf(node, "enable-method")[0]));
  if (other !== undefined)
    throw new BoardError("AXV_BOARD_PSCI", `${other.path} is started by ${stringsOf(other, "enable-method")[0] ?? ""}`);
  const [method = "nothing"] = stringsOf(psci, "method");
  if (method === "hvc") throw new BoardError("AXV_BOARD_PSCI", "here HVC calls it: another hypervisor has EL2");
  if (method !== "smc") throw new BoardError("AXV_BOARD_PSCI", `${psci.path} is called by ${method}`);
  return method;
}

type Caches = BoardFile["cpus"]["caches"];
type Cache = Extract<Caches, readonly unknown[]>[number];


/** Undefined: its numbers are not all there, or cannot be. */
function cacheOf(node: FdtNode, level: number, kind: Cache["kind"], prefix = ""): Cache | undefined {
  const [size = 0, lineSize, sets = 0] = ["size", "line-size", "sets"].map((name) => cellOf(node, `${prefix}cache-${name}`));
  const line = CACHE_LINES.find((each) => each === lineSize);
  if (line === undefined || sets === 0) return undefined;
  const ways = size / (line * sets);
  const canBe = Number.isInteger(ways) && ways >= 1 && ways <= CACHE_WAYS_MAX && sets <= CACHE_SETS_MAX;
  return canBe ? { level, kind, sets, ways, line } : undefined;
}

/** From a pCPU towards memory. */
function levelsOf(places: Places, cpu: FdtNode): FdtNode[] {
  const found: FdtNode[] = [];
  let phandle = cellOf(cpu, "next-level-cache");
  while (phandle !== undefined && found.length < CACHE_LEVELS) {
    const node = places.byPhandle(phandle);
    if (node === undefined) break;
    found.push(node);
    phandle = cellOf(node, "next-level-cache");
  }
  return found;
}

/** Those of the boot pCPU. They are of use only with the one that all share, the last. */
export function cachesOf(places: Places, { nodes }: Pick<Cpus, "nodes">): Caches {
  const [boot] = nodes;
  const lasts = new Set(nodes.map((node) => levelsOf(places, node).at(-1)));
  const [last] = lasts;
  if (boot === undefined || (lasts.size === 1 && last === undefined))
    return { none: "the device tree says nothing of a cache that all pCPUs share" };
  if (lasts.size > 1) return { none: "the pCPUs do not share one last cache" };
  const inner = levelsOf(places, boot).map((node, index) => cacheOf(node, cellOf(node, "cache-level") ?? index + 2, "unified"));
  const whole = inner.flatMap((cache) => cache ?? []);
  const levels = whole.map(({ level }) => level);
  if (whole.length < inner.length || levels.some((level, at) => level > CACHE_LEVELS || level <= (levels[at - 1] ?? 1)))
    return { none: "the device tree does not give size, sets and lines of each cache" };
  const first = [cacheOf(boot, 1, "data", "d-"), cacheOf(boot, 1, "instruction", "i-")];
  return [...first.flatMap((cache) => cache ?? []), ...whole];
}
