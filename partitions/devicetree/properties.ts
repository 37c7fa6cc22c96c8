// What a device tree's properties hold: cells, strings, phandles (Devicetree Specification v0.4, 2.2.4 and 2.3).
import { FdtError } from "./errors.ts";
import type { FdtNode } from "./fdt.ts";

const CELL = 4;
const ASCII = /^[\0-\x7f]*$/;
const TEXT = new TextDecoder("utf-8", { fatal: true });

export const malformed = ({ path }: FdtNode, name: string, why: string): FdtError =>
  new FdtError("AXV-P164", `\`${name}\` of ${path} ${why}`);

/** None where the node has no such property. */
export function cellsOf(node: FdtNode, name: string): number[] {
  const value = node.properties.get(name);
  if (value === undefined) return [];
  if (value.length % CELL !== 0) throw malformed(node, name, `has ${value.length} bytes, which are no cells`);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const cells: number[] = [];
  for (let at = 0; at < bytes.length; at += CELL) cells.push(bytes.readUInt32BE(at));
  return cells;
}

/** The one cell of such a property. */
export function cellOf(node: FdtNode, name: string): number | undefined {
  const [cell, ...more] = cellsOf(node, name);
  if (more.length > 0) throw malformed(node, name, `has ${more.length + 1} cells, and not one`);
  return cell;
}

const CELL_VALUES = 2 ** 32;
/** The number that one cell, or two, make. */
export function numberOf(node: FdtNode, name: string): number | undefined {
  const cells = cellsOf(node, name);
  if (cells.length > 2) throw malformed(node, name, `has ${cells.length} cells, and not one or two`);
  return cells.length === 0 ? undefined : cells.reduce((sum, cell) => sum * CELL_VALUES + cell, 0);
}

/** None where the node has no such property. */
export function stringsOf(node: FdtNode, name: string): string[] {
  const value = node.properties.get(name);
  if (value === undefined || value.length === 0) return [];
  if (value.at(-1) !== 0) throw malformed(node, name, "does not end its last string");
  const plain = Buffer.from(value.buffer, value.byteOffset, value.byteLength - 1).toString("latin1");
  if (ASCII.test(plain)) return plain.split("\0");
  try {
    return TEXT.decode(value.subarray(0, -1)).split("\0");
  } catch {
    throw malformed(node, name, "is no text");
  }
}

export const isCompatible = (node: FdtNode, ...wanted: readonly string[]): boolean =>
  stringsOf(node, "compatible").some((model) => wanted.includes(model));

/** What is not there, or `okay`, is on (2.3.4). */
export const isOn = (node: FdtNode): boolean => ["okay", "ok", undefined].includes(stringsOf(node, "status")[0]);

/** Old trees say it in Linux' own words. */
export const phandleOf = (node: FdtNode): number | undefined => cellOf(node, "phandle") ?? cellOf(node, "linux,phandle");

const DEFAULT_ADDRESS_CELLS = 2;
const DEFAULT_SIZE_CELLS = 1;
/** Of its children's addresses. */
export const addressCells = (node: FdtNode): number => cellOf(node, "#address-cells") ?? DEFAULT_ADDRESS_CELLS;
export const sizeCells = (node: FdtNode): number => cellOf(node, "#size-cells") ?? DEFAULT_SIZE_CELLS;

/** It and all below it, each in front of its children. */
export function nodesFrom(node: FdtNode): FdtNode[] {
  const found: FdtNode[] = [];
  const walk = (each: FdtNode): void => {
    found.push(each);
    each.children.forEach(walk);
  };
  walk(node);
  return found;
}
