// Which lines of the GIC, or of the APLIC, a device tree's nodes have (Devicetree Specification v0.4, 2.4; Linux' bindings of
// arm,gic, arm,gic-v3 and riscv,aplic).
//
//   a GIC's specifier:  | type: 0 SPI, 1 PPI | number | flags: 1, 2 edge; 4, 8 level | a partition of a PPI, GICv3 only |
import type { Trigger } from "../../boards/devices.ts";
import { SOURCES_MAX, SPIS_MOST } from "../../boards/limits.ts";
import type { FdtNode } from "../../partitions/devicetree/fdt.ts";
import { Places } from "../../partitions/devicetree/places.ts";
import { cellOf, cellsOf, isCompatible, malformed } from "../../partitions/devicetree/properties.ts";
import { triggerOf } from "../../partitions/devicetree/trigger.ts";

export interface Line {
  readonly type: "spi" | "ppi";
  readonly number: number;
  readonly trigger: Trigger;
  /** Phandle of the partition of pCPUs that have this PPI; 0: all. */
  readonly partition: number;
}

/** A line of whatever controller. */
interface Wire {
  readonly controller: FdtNode;
  readonly cells: readonly number[];
  /** Of a node on a bus that maps its children's interrupts: its address there. */
  readonly address?: readonly number[];
}
/** A row of an `interrupt-map`. */
interface Mapping extends Wire {
  /** A child's address and specifier. */
  readonly child: readonly number[];
}
/** Maps behind one another: more than there are anywhere. */
const MAPS_MAX = 4;

/** What a controller's specifier says. */
export interface Specifier {
  readonly cells: number;
  /** Undefined: no line that anybody could have. */
  line(cells: readonly number[]): Line | undefined;
}
const TYPES = new Map([
  [0, "spi"],
  [1, "ppi"],
] as const);
/** A GIC's. */
const GIC_LINES: Specifier = {
  cells: 3,
  line: ([type = NaN, number = NaN, flags = 0, partition = 0]) => {
    const known = TYPES.get(type as 0 | 1);
    return known === undefined || number >= SPIS_MOST ? undefined : { type: known, number, trigger: triggerOf(flags), partition };
  },
};
/** An APLIC's: | source | flags |. All of them are everybody's, as SPIs are. */
export const APLIC_LINES: Specifier = {
  cells: 2,
  line: ([number = NaN, flags = 0]) =>
    (number >= 1 && number <= SOURCES_MAX ? { type: "spi", number, trigger: triggerOf(flags), partition: 0 } : undefined),
};
const ALL_BITS = -1;
/** Whose `interrupt-map` has no address in front of the specifier, whatever the GIC's `#address-cells` (so does Linux). */
const WITHOUT_ADDRESS = [
  "fsl,ls1021a-extirq",
  "fsl,ls1043a-extirq",
  "fsl,ls1088a-extirq",
  "fsl,ls2080a-extirq",
  "fsl,lx2160a-extirq",
  "renesas,rza1-irqc",
];
/** Others than by `interrupts`: which SPIs a node has, by a property's cells. */
const FIRST_SPI = 32;
/** The most that one property lists: more than any has. */
const ROWS_MAX = 4096;
type Range = readonly [first: number, count: number];
const rowsOf = (cells: readonly number[], width: number): number[][] =>
  Array.from({ length: Math.min(Math.floor(cells.length / width), ROWS_MAX) }, (_, row) =>
    cells.slice(row * width, (row + 1) * width),
  );
const RANGES: Readonly<Record<string, (cells: readonly number[], node: FdtNode) => Range[]>> = {
  // GICv3: INTIDs that messages make pending.
  "mbi-ranges": (cells) => rowsOf(cells, 2).map(([intid = 0, count = 0]) => [intid - FIRST_SPI, count]),
  "arm,msi-base-spi": ([intid = 0], node) => [[intid - FIRST_SPI, cellOf(node, "arm,msi-num-spis") ?? 0]],
  "al,msi-base-spi": ([spi = 0], node) => [[spi, cellOf(node, "al,msi-num-spis") ?? 0]],
  "marvell,spi-ranges": (cells) => rowsOf(cells, 2).map(([spi = 0, count = 0]) => [spi, count]),
  "qcom,pdc-ranges": (cells) => rowsOf(cells, 3).map(([, spi = 0, count = 0]) => [spi, count]),
  "ti,interrupt-ranges": (cells) => rowsOf(cells, 3).map(([, spi = 0, count = 0]) => [spi, count]),
  "amlogic,channel-interrupts": (cells) => cells.map((spi) => [spi, 1]),
};

export class Interrupts {
  readonly #places: Places;
  readonly #gic: FdtNode;
  readonly #specifier: Specifier;
  readonly #found = new Map<FdtNode, readonly Line[]>();

  constructor(places: Places, gic: FdtNode, specifier = GIC_LINES) {
    this.#places = places;
    this.#gic = gic;
    this.#specifier = specifier;
  }

  /** In the order of the node; what goes to another controller is left out. */
  of(node: FdtNode): readonly Line[] {
    const found =
      this.#found.get(node) ?? this.#wires(node).flatMap((wire) => this.#line({ address: cellsOf(node, "reg"), ...wire }));
    this.#found.set(node, found);
    return found;
  }

  /** What its children raise by its `interrupt-map`: of a PCI host bridge INTA to INTD. */
  ofChildren(node: FdtNode): Line[] {
    return this.#mapped(node).flatMap((wire) => this.#line(wire));
  }

  /** Every SPI that anybody has. */
  used(): Set<number> {
    const used = new Set<number>();
    for (const node of this.#places.all) {
      for (const { type, number } of [...this.of(node), ...this.ofChildren(node)]) if (type === "spi") used.add(number);
      for (const [name, rangesOf] of Object.entries(RANGES)) {
        if (!node.properties.has(name)) continue;
        for (const [first, count] of rangesOf(cellsOf(node, name), node))
          for (let spi = Math.max(first, 0); spi < Math.min(first + count, SPIS_MOST); spi++) used.add(spi);
      }
    }
    return used;
  }

  #wires(node: FdtNode): Wire[] {
    if (node.properties.has("interrupts-extended")) return this.#extended(node, cellsOf(node, "interrupts-extended"));
    const cells = cellsOf(node, "interrupts");
    const controller = cells.length === 0 ? undefined : this.#controllerOf(node);
    if (controller === undefined) return [];
    const width = this.#width(controller);
    if (width === 0 || cells.length % width !== 0)
      throw malformed(node, "interrupts", `has ${cells.length} cells, in rows of ${width}`);
    return rowsOf(cells, width).map((row) => ({ controller, cells: row }));
  }

  #extended(node: FdtNode, cells: readonly number[]): Wire[] {
    const wires: Wire[] = [];
    for (let at = 0; at < cells.length;) {
      const controller = this.#places.pointedTo(node, "interrupts-extended", cells[at] ?? 0);
      const end = at + 1 + this.#width(controller);
      if (end > cells.length || wires.length >= ROWS_MAX)
        throw malformed(node, "interrupts-extended", "ends within a row, or never");
      wires.push({ controller, cells: cells.slice(at + 1, end) });
      at = end;
    }
    return wires;
  }

  /** Rows of | child's address | child's specifier | controller | address there | specifier there |. */
  #mapped(node: FdtNode): Mapping[] {
    const cells = cellsOf(node, "interrupt-map");
    const rows: Mapping[] = [];
    const child = (cellOf(node, "#address-cells") ?? 0) + this.#width(node);
    const isBare = isCompatible(node, ...WITHOUT_ADDRESS);
    for (let at = 0; at < cells.length;) {
      const controller = this.#places.pointedTo(node, "interrupt-map", cells[at + child] ?? 0);
      const from = at + child + 1 + (isBare ? 0 : (cellOf(controller, "#address-cells") ?? 0));
      const end = from + this.#width(controller);
      if (end > cells.length || rows.length >= ROWS_MAX) throw malformed(node, "interrupt-map", "ends within a row, or never");
      rows.push({ controller, cells: cells.slice(from, end), child: cells.slice(at, at + child) });
      at = end;
    }
    return rows;
  }

  #width(controller: FdtNode): number {
    return cellOf(controller, "#interrupt-cells") ?? 0;
  }

  /** The nearest one up the tree, and where `interrupt-parent` leads from there. */
  #controllerOf(node: FdtNode): FdtNode | undefined {
    for (const each of [node, ...this.#places.ancestorsOf(node)]) {
      if (each !== node && each.properties.has("#interrupt-cells")) return each;
      const phandle = cellOf(each, "interrupt-parent");
      if (phandle !== undefined) return this.#places.pointedTo(each, "interrupt-parent", phandle);
    }
    return undefined;
  }

  /** Controllers that only wake the chip up hand on to the GIC what they get, under its numbers: they have a GIC's specifiers. */
  #line({ controller, cells, address = [] }: Wire, maps = 0): Line[] {
    if (controller.properties.has("interrupt-map")) {
      const mask = cellsOf(controller, "interrupt-map-mask");
      const key = [...address.slice(0, cellOf(controller, "#address-cells") ?? 0), ...cells];
      const isMeant = ({ child }: Mapping): boolean =>
        child.every((cell, at) => ((cell ^ (key[at] ?? 0)) & (mask[at] ?? ALL_BITS)) === 0);
      const mapping = maps < MAPS_MAX ? this.#mapped(controller).find(isMeant) : undefined;
      return mapping === undefined ? [] : this.#line(mapping, maps + 1);
    }
    const handsOn = (each: FdtNode): boolean =>
      this.#width(each) === this.#specifier.cells && each.properties.has("interrupt-controller") &&
      this.#controllerOf(each) === this.#gic;
    if (controller !== this.#gic && !handsOn(controller)) return [];
    const line = this.#specifier.line(cells);
    return line === undefined ? [] : [line];
  }
}
