// What of the machine a partition gets by its nodes: the registers and interrupts of each unit, as a device that board.yaml need
// not list.
import type { Spi, Window } from "../../../boards/schema.ts";
import { end } from "../../units.ts";
import type { FdtNode } from "../fdt.ts";
import { addressCells, cellsOf, malformed, sizeCells, stringsOf } from "../properties.ts";
import { triggerOf } from "../trigger.ts";
import type { BoardTree } from "./board-tree.ts";
import type { Closure } from "./closure.ts";
import type { Loss } from "./losses.ts";
import type { Reference } from "./references.ts";

export interface UnitResources {
  readonly unit: FdtNode;
  readonly windows: readonly Window[];
  readonly spis: readonly Spi[];
}

/** Of a GIC's interrupt: | type | number | trigger |; 0 is an SPI. */
const SPI = 0;

/** Registers and interrupts of each unit of a partition's closure; units that have neither, or are off, are left out. */
export function resourcesOf(board: BoardTree, closure: Closure, losses: readonly Loss[]): UnitResources[] {
  const off = new Set(losses.filter(({ done }) => done === "off").map(({ node }) => node));
  const byUnit = new Map<FdtNode, { windows: Window[]; spis: Map<number, Spi> }>();
  for (const node of closure.nodes.keys()) {
    const unit = board.unitOf(node);
    if (unit === undefined || off.has(unit) || off.has(node)) continue;
    const found = byUnit.get(unit) ?? { windows: [], spis: new Map<number, Spi>() };
    byUnit.set(unit, found);
    if (node === unit && board.kindOf(unit) === "device") found.windows.push(...windowsOf(board, node));
    for (const line of linesOf(board, board.referencesOf(node))) found.spis.set(line.spi, line);
  }
  return [...byUnit].flatMap(([unit, { windows, spis }]) =>
    windows.length + spis.size === 0 ? [] : [{ unit, windows, spis: [...spis.values()] }],
  );
}

function linesOf({ controller }: BoardTree, references: readonly Reference[]): Spi[] {
  return references.flatMap(({ target, property, specifier: [type, spi = 0, flags = 0] }) => {
    const isInterrupt = property === "interrupts" || property === "interrupts-extended" || property === "interrupt-map";
    if (target !== controller || !isInterrupt || type !== SPI) return [];
    return [{ spi, trigger: triggerOf(flags) }];
  });
}

/** Of a PCI host bridge also what it shows of the bus behind it. */
function windowsOf(board: BoardTree, node: FdtNode): Window[] {
  const own = board.windowsOf(node).filter(({ size }) => size > 0);
  return [...own, ...(stringsOf(node, "device_type")[0] === "pci" ? pciWindows(board, node) : [])];
}

/** | PCI address: 3 cells | CPU address | size |, a row (IEEE Std 1275, PCI bus binding). */
function pciWindows(board: BoardTree, node: FdtNode): Window[] {
  const bus = board.places.parentOf(node);
  // Behind a bus that translates addresses nobody has one.
  if (bus !== board.places.root) return [];
  const cells = cellsOf(node, "ranges");
  const [child, parent, size] = [addressCells(node), addressCells(bus), sizeCells(node)];
  const value = (from: number, count: number): number =>
    cells.slice(from, from + count).reduce((sum, cell) => sum * 2 ** 32 + cell, 0);
  const width = child + parent + size;
  if (cells.length === 0) return [];
  // A tree may say anything, also that a row has no cells.
  if (width === 0 || cells.length % width !== 0)
    throw malformed(node, "ranges", `has ${cells.length} cells, in rows of ${width}`);
  const rows: number[] = [];
  for (let at = child; at < cells.length; at += width) rows.push(at);
  return rows
    .map((at) => ({ base: value(at, parent), size: value(at + parent, size) }))
    .filter((window) => window.size > 0 && Number.isSafeInteger(end(window)));
}

/** Names that the Devicetree Specification (2.2.2) recommends for what drives no bus by itself. */
const SLAVES = [
  "adc", "can", "clock-controller", "efuse", "gpio", "i2c", "interrupt-controller", "keypad", "mailbox", "nvmem", "phy",
  "pinctrl", "power-controller", "power-management", "pwm", "regulator", "reset-controller", "rng", "rtc", "serial", "spi",
  "sram", "syscon", "temperature-sensor", "thermal", "timer", "tsadc", "uart", "usb2phy", "watchdog",
];
const MASTERS = ["#dma-cells", "iommus", "iommu-map", "dma-ranges", "dma-coherent"];

/** Whether it may reach memory by itself; of what nobody says that it does not, it may. */
export const mayMaster = ({ name, properties }: FdtNode): boolean =>
  MASTERS.some((property) => properties.has(property)) || !SLAVES.includes(name.replace(/[-0-9]*(@.*)?$/, ""));
