// Reads a flattened device tree (Devicetree Specification v0.4, chapter 5): what QEMU dumps and what dtc writes.

export interface FdtNode {
  readonly name: string;
  readonly properties: Readonly<Record<string, Uint8Array>>;
  readonly children: readonly FdtNode[];
}

const MAGIC = 0xd00dfeed;
const BEGIN_NODE = 1;
const END_NODE = 2;
const PROPERTY = 3;
const NOP = 4;

/** Big endian, as everything in it. */
export function readFdt(bytes: Uint8Array): FdtNode {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== MAGIC) throw new Error("no device tree blob");
  const strings = view.getUint32(12);
  let at = view.getUint32(8);
  const text = (from: number): string => new TextDecoder().decode(bytes.subarray(from, bytes.indexOf(0, from)));
  const token = (): number => {
    at += 4;
    return view.getUint32(at - 4);
  };
  const skip = (count: number): void => {
    at += Math.ceil(count / 4) * 4;
  };
  const node = (): FdtNode => {
    const name = text(at);
    skip(name.length + 1);
    const properties: Record<string, Uint8Array> = {};
    const children: FdtNode[] = [];
    for (;;) {
      const kind = token();
      if (kind === END_NODE) return { name, properties, children };
      if (kind === BEGIN_NODE) children.push(node());
      else if (kind === PROPERTY) {
        const length = token();
        properties[text(strings + token())] = bytes.subarray(at, at + length);
        skip(length);
      } else if (kind !== NOP) throw new Error(`token ${kind} at ${at}`);
    }
  };
  if (token() !== BEGIN_NODE) throw new Error("no root");
  return node();
}

export const strings = (value: Uint8Array | undefined): string[] =>
  value === undefined ? [] : new TextDecoder().decode(value).replace(/\0$/, "").split("\0");

export function cells(value: Uint8Array | undefined): number[] {
  if (value === undefined) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return Array.from({ length: value.length / 4 }, (_, index) => view.getUint32(4 * index));
}

/** Pairs of cells as 64-bit values. */
export const wide = (value: Uint8Array | undefined): number[] =>
  cells(value).flatMap((cell, index, all) => (index % 2 === 0 ? [cell * 2 ** 32 + (all[index + 1] ?? 0)] : []));

export function all(root: FdtNode): FdtNode[] {
  return [root, ...root.children.flatMap(all)];
}

export const compatibleWith = (root: FdtNode, compatible: string): FdtNode[] =>
  all(root).filter(({ properties }) => strings(properties["compatible"]).includes(compatible));
