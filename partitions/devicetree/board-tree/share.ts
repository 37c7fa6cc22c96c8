// A board's device tree, shared out among the partitions of a system: for each that takes one what its guest is told; for all of
// them the devices that their own need besides those that system.yaml names.
import type { Board, Device, Window } from "../../../boards/schema.ts";
import {
  boardTreeBad,
  deviceNotInTree,
  insideAnothers,
  neededByMany,
  notWithout,
  rateUnknown,
  triggerDiffers,
} from "../../diagnostics/catalogue.ts";
import type { Findings } from "../../diagnostics/diagnostic.ts";
import { isaOf } from "../../isas.ts";
import { planInits } from "../../plan/inits.ts";
import type { PlannedInit } from "../../plan/plan.ts";
import type { PartitionRequest } from "../../request.ts";
import type { Path } from "../../source/path.ts";
import { FdtError } from "../errors.ts";
import { readFdt } from "../fdt.ts";
import type { FdtNode } from "../fdt.ts";
import { stringsOf } from "../properties.ts";
import { BoardTree } from "./board-tree.ts";
import type { Closure } from "./closure.ts";
import { lossesOf } from "./losses.ts";
import type { Loss } from "./losses.ts";
import { shareOut } from "./owners.ts";
import type { Owners, TreePartition } from "./owners.ts";
import { Rates } from "./rates.ts";
import { mayMaster, resourcesOf } from "./resources.ts";
import type { UnitResources } from "./resources.ts";

export interface SharedTree extends Owners {
  readonly tree: BoardTree;
  readonly rates: Rates;
  readonly partitions: readonly TreePartition[];
  /** By what system.yaml calls it: a device of board.yaml, a path or a name of the tree. */
  readonly nodeOf: (name: string) => FdtNode | undefined;
  /** By partition; of one without a device tree none. */
  readonly losses: readonly (readonly Loss[])[];
  /** What is written before any guest starts. */
  readonly inits: readonly PlannedInit[];
}

export interface Shared {
  /** The board with devices of the tree that it does not list, and the partitions with those that their own need. */
  readonly request: { readonly board: Board; readonly partitions: readonly PartitionRequest[] };
  readonly shared: SharedTree;
}

/** `blob`: the board's own device tree. Undefined: it cannot be; findings say why. */
export function shareTree(
  board: Board,
  requests: readonly PartitionRequest[],
  blob: Uint8Array,
  findings: Findings,
): Shared | undefined {
  try {
    const { uart, watchdog } = board;
    const [controller] = isaOf(board).framesOf(board);
    const driven = { controller: controller?.span.base ?? 0, uart: uart.reg, watchdog: watchdog?.reg };
    const tree = new BoardTree(readFdt(blob), driven);
    return share(board, requests, tree, findings);
  } catch (error) {
    if (!(error instanceof FdtError)) throw error;
    findings.report(["board"], boardTreeBad(board.name, error.message));
    return undefined;
  }
}

function share(board: Board, requests: readonly PartitionRequest[], tree: BoardTree, findings: Findings): Shared {
  const nodeOf = (name: string): FdtNode | undefined => {
    const device = board.devices[name];
    if (device?.path !== undefined) return tree.places.byPath(device.path);
    if (device !== undefined) return tree.at(device.windows[0].base);
    return tree.places.byPath(name) ?? tree.places.all.find((node) => node.name === name);
  };
  const rates = new Rates(tree, board.rates);
  const partitions = requests.map(({ name, profile, fields }) => ({
    name,
    realtime: profile?.realtime === true,
    hasTree: profile?.device_tree !== undefined,
    named: (fields.devices ?? []).flatMap((device) => nodeOf(device) ?? []),
  }));
  const owners = shareOut(tree, partitions);
  const losses = owners.closures.map((closure) => (closure === undefined ? [] : lossesOf(tree, closure, rates)));
  const shared = { tree, rates, partitions, nodeOf, losses, inits: planInits(requests), ...owners };
  for (const [index, request] of requests.entries()) {
    const at = new Map((request.fields.devices ?? []).map((name, n) => [nodeOf(name), [...request.path, "devices", n]] as const));
    for (const [n, name] of (request.fields.devices ?? []).entries())
      checkNamed(board, shared, index, name, nodeOf(name), [...request.path, "devices", n], findings);
    checkLosses(shared, index, (node) => at.get(node) ?? [...request.path, "devices"], findings);
  }
  checkContested(shared, requests, findings);
  return { request: withUnits(board, requests, shared, findings), shared };
}

function checkNamed(
  board: Board,
  { tree, partitions, closures, owners }: SharedTree,
  index: number,
  name: string,
  node: FdtNode | undefined,
  at: Path,
  findings: Findings,
): void {
  const closure = closures[index];
  if (closure === undefined) return;
  if (node === undefined) {
    if (board.devices[name] !== undefined) findings.report(at, deviceNotInTree(name, board.name));
    return;
  }
  if (closure.nodes.has(node)) return;
  const above = tree.places.ancestorsOf(node).find((each) => tree.isUnit(each) && (owners.get(each) ?? index) !== index);
  const owner = above && partitions[owners.get(above) ?? -1]?.name;
  findings.report(at, insideAnothers(name, above?.path, owner));
}

/** The named node for which a node is there. */
function rootOf(closure: Closure, node: FdtNode): FdtNode {
  let each = node;
  for (let from = closure.nodes.get(each)?.from; from !== undefined; from = closure.nodes.get(each)?.from) each = from;
  return each;
}

/** One finding for each node and property. */
function checkLosses(
  { partitions, closures, losses, ...shared }: SharedTree,
  index: number,
  placeOf: (named: FdtNode) => Path,
  findings: Findings,
): void {
  const closure = closures[index];
  if (closure === undefined) return;
  const said = new Set<string>();
  for (const { node, reference, done } of losses[index] ?? []) {
    const { property, target, binding } = reference;
    const key = `${node.path} ${property} ${target?.path ?? ""}`;
    if (done !== "refuse" || said.has(key)) continue;
    said.add(key);
    const at = placeOf(rootOf(closure, node));
    const whose = target === undefined ? undefined : whoHas({ ...shared, partitions, closures, losses }, target);
    if (binding.without === "clock" && target !== undefined) {
      const all = (losses[index] ?? []).filter((loss) => loss.done === "refuse" && loss.node === node);
      const cells = all.filter((loss) => loss.reference.target === target).map((loss) => loss.reference.specifier.join(" "));
      findings.report(at, rateUnknown(node.path, target.path, [...new Set(cells)], whose));
    } else findings.report(at, notWithout(node.path, property, target?.path, whose));
  }
}

/** In words. */
export function whoHas({ tree, owners, partitions }: SharedTree, node: FdtNode): string {
  const unit = tree.unitOf(node);
  if (unit === undefined || tree.kindOf(unit) === "hypervisor") return "the hypervisor or firmware has";
  const owner = partitions[owners.get(unit) ?? -1];
  return owner === undefined ? "nobody has" : `partition "${owner.name}" has`;
}

function checkContested({ partitions, contested }: SharedTree, requests: readonly PartitionRequest[], findings: Findings): void {
  const groups = new Map<string, { units: FdtNode[]; by: readonly number[] }>();
  for (const [unit, by] of contested) {
    const group = groups.get(by.join(" ")) ?? { units: [], by };
    group.units.push(unit);
    groups.set(by.join(" "), group);
  }
  for (const { units, by } of groups.values()) {
    const names = by.map((index) => partitions[index]?.name ?? "");
    findings.report([...(requests[by[0] ?? 0]?.path ?? []), "devices"], neededByMany(units.map(({ path }) => path), names));
  }
}

/** Devices for what the closures hold, beside those that board.yaml lists; each has somebody's name for it, or its node's. */
function withUnits(
  board: Board,
  requests: readonly PartitionRequest[],
  { tree, closures, losses, contested, nodeOf }: SharedTree,
  findings: Findings,
): Shared["request"] {
  const devices = Object.assign(Object.create(null) as Record<string, Device>, board.devices);
  const called = [...requests.flatMap(({ fields }) => fields.devices ?? []), ...Object.keys(board.devices)];
  const names = new Map(called.map((name) => [nodeOf(name), name] as const));
  const partitions = requests.map((request, index) => {
    const named = request.fields.devices ?? [];
    const spis = [...(request.fields.spis ?? [])];
    const all = new Set(named);
    const closure = closures[index] ?? bare(named.flatMap((name) => (devices[name] === undefined ? (nodeOf(name) ?? []) : [])));
    for (const resources of resourcesOf(tree, closure, losses[index] ?? [])) {
      const { unit } = resources;
      if (contested.has(unit)) continue;
      const name = names.get(unit) ?? (devices[unit.name] === undefined ? unit.name : unit.path);
      const known = devices[name];
      for (const { spi, trigger } of resources.spis) {
        const file = known?.spis.find((each) => each.spi === spi)?.trigger ?? trigger;
        const at = [...request.path, "devices", ...(named.includes(name) ? [named.indexOf(name)] : [])];
        if (file !== trigger) findings.report(at, triggerDiffers(name, spi, file, trigger));
      }
      const device = withResources(known, resources);
      if (device === undefined) {
        spis.push(...resources.spis);
        continue;
      }
      devices[name] = device;
      all.add(name);
    }
    // A node without registers and interrupts is no device to the hypervisor: the guest is told of it, and that is all.
    const given = [...all].filter((name) => devices[name] !== undefined || nodeOf(name) === undefined);
    return { ...request, fields: { ...request.fields, devices: given, spis } };
  });
  return { board: { ...board, devices }, partitions };
}

/** What a partition without a device tree names that board.yaml does not list. */
const bare = (nodes: readonly FdtNode[]): Closure => ({
  nodes: new Map(nodes.map((node) => [node, { from: undefined, by: "devices" }])),
  wanted: new Set(nodes),
});

/** Undefined: it has no registers, and what it has of interrupts is its partition's beside its devices. */
function withResources(known: Device | undefined, { unit, windows, spis }: UnitResources): Device | undefined {
  const isNew = (window: Window): boolean => known?.windows.some(({ base }) => base === window.base) !== true;
  const [first, ...rest] = [...(known?.windows ?? []), ...windows.filter(isNew)];
  if (first === undefined) return undefined;
  const more = spis.filter(({ spi }) => known?.spis.some((each) => each.spi === spi) !== true);
  return { ...(known ?? deviceOf(unit)), windows: [first, ...rest], spis: [...(known?.spis ?? []), ...more] };
}

const deviceOf = (unit: FdtNode): Omit<Device, "windows" | "spis"> => ({
  dma: mayMaster(unit),
  behind: "none",
  node: unit.name.split("@")[0] ?? unit.name,
  compatible: stringsOf(unit, "compatible"),
  dma_coherent: unit.properties.has("dma-coherent"),
  clock_names: [],
  path: unit.path,
});
