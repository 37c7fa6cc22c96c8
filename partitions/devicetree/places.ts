// Where things are in a device tree: nodes by their paths, aliases and phandles; and where a CPU finds a node's registers, which
// its buses translate, each by its `ranges` (Devicetree Specification v0.4, 2.3.6 to 2.3.8).
import type { Span } from "../units.ts";
import { contains, end } from "../units.ts";
import { FdtError } from "./errors.ts";
import type { Fdt, FdtNode } from "./fdt.ts";
import { addressCells, cellsOf, malformed, nodesFrom, phandleOf, sizeCells, stringsOf } from "./properties.ts";

/** More are no address: those of PCI have a third one for the space they are in. */
const ADDRESS_CELLS_MAX = 2;
const CELL_VALUES = 2 ** 32;

export class Places {
  readonly root: FdtNode;
  /** The root first, each node in front of its children. */
  readonly all: readonly FdtNode[];
  readonly #parents = new Map<FdtNode, FdtNode>();
  readonly #byPath = new Map<string, FdtNode>();
  readonly #byPhandle = new Map<number, FdtNode>();

  constructor({ root }: Fdt) {
    this.root = root;
    this.all = nodesFrom(root);
    for (const node of this.all) {
      this.#byPath.set(node.path, node);
      for (const child of node.children) this.#parents.set(child, node);
      const phandle = phandleOf(node);
      if (phandle === undefined) continue;
      const other = this.#byPhandle.get(phandle);
      if (other !== undefined) throw malformed(node, "phandle", `is that of ${other.path}, too`);
      this.#byPhandle.set(phandle, node);
    }
  }

  byPath(path: string): FdtNode | undefined {
    return this.#byPath.get(path);
  }

  /** As /chosen/stdout-path says it: a path, or an alias, and what is behind a colon is none of it. */
  byPathOrAlias(text: string): FdtNode | undefined {
    const [place = ""] = text.split(":");
    if (place.startsWith("/")) return this.byPath(place);
    const aliases = this.byPath("/aliases");
    const [path] = aliases === undefined ? [] : stringsOf(aliases, place);
    return path === undefined ? undefined : this.byPath(path);
  }

  /** The root has none. */
  parentOf(node: FdtNode): FdtNode | undefined {
    return this.#parents.get(node);
  }

  /** From its parent up to the root. */
  ancestorsOf(node: FdtNode): FdtNode[] {
    const found: FdtNode[] = [];
    for (let each = this.parentOf(node); each !== undefined; each = this.parentOf(each)) found.push(each);
    return found;
  }

  byPhandle(phandle: number): FdtNode | undefined {
    return this.#byPhandle.get(phandle);
  }

  /** Where a property of `node` says so. */
  pointedTo(node: FdtNode, name: string, phandle: number): FdtNode {
    const target = this.#byPhandle.get(phandle);
    if (target === undefined) throw new FdtError("AXV-P165", `\`${name}\` of ${node.path} points to phandle ${phandle}`);
    return target;
  }

  /** Registers as a CPU addresses them; undefined: it cannot (a device on I2C, a CPU's number, a space behind PCI). */
  windowsOf(node: FdtNode): Span[] | undefined {
    const bus = this.parentOf(node);
    if (bus === undefined) return undefined;
    const rows = this.#rows(node, "reg", [addressCells(bus), sizeCells(bus)]);
    if (rows === undefined || sizeCells(bus) === 0) return undefined;
    const spans: Span[] = [];
    for (const [base = 0, size = 0] of rows) {
      const span = this.#translated({ base, size }, bus);
      if (span === undefined || !Number.isSafeInteger(end(span))) return undefined;
      spans.push(span);
    }
    return spans;
  }

  /** From the addresses of `bus`' children to those of the root's. */
  #translated(child: Span, bus: FdtNode): Span | undefined {
    let span = child;
    for (let each = bus, up = this.parentOf(each); up !== undefined; each = up, up = this.parentOf(each)) {
      const ranges = each.properties.get("ranges");
      if (ranges === undefined) return undefined;
      if (ranges.length === 0) continue;
      const rows = this.#rows(each, "ranges", [addressCells(each), addressCells(up), sizeCells(each)]);
      const within = span;
      const row = rows?.find(([base = 0, , size = 0]) => contains({ base, size }, within));
      if (row === undefined) return undefined;
      const [from = 0, to = 0] = row;
      span = { base: span.base - from + to, size: span.size };
    }
    return span;
  }

  /** Rows of numbers, each of so many cells; undefined: of more than there are in an address. */
  #rows(node: FdtNode, name: string, columns: readonly number[]): number[][] | undefined {
    const cells = cellsOf(node, name);
    if (columns.some((count) => count > ADDRESS_CELLS_MAX)) return undefined;
    const width = columns.reduce((sum, count) => sum + count, 0);
    if (cells.length === 0) return [];
    if (width === 0 || cells.length % width !== 0) throw malformed(node, name, `has ${cells.length} cells, in rows of ${width}`);
    const rows: number[][] = [];
    for (let at = 0; at < cells.length; ) {
      const row: number[] = [];
      for (const count of columns) {
        row.push(cells.slice(at, at + count).reduce((sum, cell) => sum * CELL_VALUES + cell, 0));
        at += count;
      }
      rows.push(row);
    }
    return rows;
  }
}
