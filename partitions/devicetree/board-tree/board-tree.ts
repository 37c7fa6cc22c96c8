// A board's device tree, cut into units: what belongs to one partition or another as a whole.
//
// A unit is a node that a CPU reaches by addresses, or one directly below the root or a bus, with all below it that is no unit of
// its own: an Ethernet MAC with its MDIO bus and PHYs, an I2C controller with all chips on its bus, a GRF with what is in it.
import { hex } from "../../units.ts";
import type { Span } from "../../units.ts";
import type { Fdt, FdtNode } from "../fdt.ts";
import { FdtError } from "../errors.ts";
import { Places } from "../places.ts";
import { isCompatible, isOn, stringsOf } from "../properties.ts";
import { PINCTRL } from "./bindings.table.ts";
import { referencesOf } from "./references.ts";
import type { Reference } from "./references.ts";

/**
 * hypervisor: what it has itself, or shows to guests in its own way; a partition can have none of it
 * bus, data: whoever needs it gets a copy: no hardware is behind it but by what it points to
 * device: it has one owner
 */
export type UnitKind = "hypervisor" | "bus" | "data" | "device";

/** Where the hypervisor's own are on this board. */
export interface HypervisorFrames {
  readonly controller: number;
  readonly uart: number;
  readonly watchdog?: number | undefined;
}

const BUSES = ["simple-bus", "simple-pm-bus"];
const DATA = [
  "cache", "fixed-clock", "fixed-factor-clock", "mmc-pwrseq-emmc", "mmc-pwrseq-simple", "operating-points-v2", "regulator-fixed",
  "regulator-gpio", "usb-nop-xceiv",
];
const FIRMWARE = ["arm,psci", "arm,psci-0.2", "arm,psci-1.0", "arm,scmi", "arm,scmi-smc", "linaro,optee-tz"];
const PRIVATE = ["arm,armv8-timer", "arm,armv7-timer", "arm,armv8-pmuv3"];
/** Memory that is kept, a node a piece: one that says its place (`reg`) is nobody's; any other a guest takes of its own. */
const RESERVED = "/reserved-memory";
/** Below the root. */
const OWN = /^(aliases|chosen|cpus|firmware|memory(@.*)?|pmu(-.*)?|psci|thermal-zones|__.*__)$/;

export class BoardTree {
  readonly places: Places;
  /** Of SPIs: guests have one of the same phandle. */
  readonly controller: FdtNode;
  /** What somebody's pinctrl-N points to: a partition has the groups of its own devices only. */
  readonly pinGroups: ReadonlySet<FdtNode>;
  readonly #units = new Map<FdtNode, FdtNode>();
  readonly #kinds = new Map<FdtNode, UnitKind>();
  readonly #windows = new Map<FdtNode, readonly Span[]>();
  readonly #references = new Map<FdtNode, readonly Reference[]>();

  constructor(tree: Fdt, frames: HypervisorFrames) {
    this.places = new Places(tree);
    for (const node of this.places.all) this.#windows.set(node, this.places.windowsOf(node) ?? []);
    const controller = this.at(frames.controller);
    if (controller === undefined)
      throw new FdtError("AXV-P165", `board.yaml has the GIC at ${hex(frames.controller)}, where no node has registers`);
    this.controller = controller;
    this.places.root.children.forEach((node) => this.#cut(node, undefined, frames));
    const all = this.places.all.flatMap((node) => this.referencesOf(node));
    this.pinGroups = new Set(all.flatMap(({ property, target }) => (PINCTRL.test(property) && target ? [target] : [])));
  }

  #cut(node: FdtNode, above: FdtNode | undefined, frames: HypervisorFrames): void {
    const kind = above === undefined ? undefined : this.#kinds.get(above);
    const isUnit = above === undefined || kind === "bus" || this.windowsOf(node).length > 0;
    const unit = isUnit ? node : above;
    this.#units.set(node, unit);
    if (isUnit) this.#kinds.set(node, kind === "hypervisor" ? kind : this.#kindOf(node, above === undefined, frames));
    for (const child of node.children) this.#cut(child, unit, frames);
  }

  #kindOf(node: FdtNode, isTop: boolean, frames: HypervisorFrames): UnitKind {
    const windows = this.windowsOf(node);
    const isDriven = windows.some(({ base }) => base === frames.uart || base === frames.watchdog);
    if (node === this.controller || isDriven || (isTop && OWN.test(node.name))) return "hypervisor";
    if (isCompatible(node, ...FIRMWARE, ...PRIVATE)) return "hypervisor";
    if (isCompatible(node, ...BUSES) || node.path === RESERVED) return "bus";
    if (node.path.startsWith(`${RESERVED}/`)) return node.properties.has("reg") ? "hypervisor" : "data";
    if (windows.length > 0) return "device";
    if (!node.properties.has("compatible")) return node.properties.has("ranges") ? "bus" : "data";
    return isCompatible(node, ...DATA) || stringsOf(node, "compatible").some((model) => model.startsWith("operating-points-v2"))
      ? "data"
      : "device";
  }

  /** The node that has its first registers there. */
  at(address: number): FdtNode | undefined {
    return this.places.all.find((node) => this.windowsOf(node)[0]?.base === address);
  }

  /** As a CPU addresses them; none: it cannot. */
  windowsOf(node: FdtNode): readonly Span[] {
    return this.#windows.get(node) ?? [];
  }

  /** Undefined of the root alone. */
  unitOf(node: FdtNode): FdtNode | undefined {
    return this.#units.get(node);
  }

  kindOf(unit: FdtNode): UnitKind {
    return this.#kinds.get(unit) ?? "hypervisor";
  }

  isUnit(node: FdtNode): boolean {
    return this.#kinds.has(node);
  }

  /** The unit that it is in: whose driver makes it, or whose bus it is on. */
  above(unit: FdtNode): FdtNode | undefined {
    const parent = this.places.parentOf(unit);
    return parent && this.unitOf(parent);
  }

  referencesOf(node: FdtNode): readonly Reference[] {
    const known = this.#references.get(node);
    if (known !== undefined) return known;
    const found = referencesOf(this.places, node);
    this.#references.set(node, found);
    return found;
  }

  /** It and what is below it, but for units of their own (`whole`: with these), and for what is off. */
  members(unit: FdtNode, whole: boolean): FdtNode[] {
    const found: FdtNode[] = [];
    const walk = (node: FdtNode): void => {
      found.push(node);
      for (const child of node.children) if (isOn(child) && (whole || !this.isUnit(child))) walk(child);
    };
    walk(unit);
    return found;
  }
}
