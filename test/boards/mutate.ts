// Device tree blobs that somebody has spoilt: bytes and words of a blob that are others, blobs that are cut off, and trees that
// are written anew with nodes and properties that are others.
import { readFdt, writeFdt } from "../../partitions/devicetree/fdt.ts";
import type { Fdt, FdtNode } from "../../partitions/devicetree/fdt.ts";
import type { Random } from "../hostile/random.ts";

/** What is likely to be wrong: ends of ranges, sizes of fields, tokens, the magic. */
const WORDS = [
  0, 1, 2, 3, 4, 8, 9, 0x10, 0x20, 0xff, 0xfff, 0x1000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_f000, 0xffff_fffc,
  0xffff_ffff, 0xd00d_feed,
] as const;
const HEADER_WORDS = 10;
const NAMES = [
  "",
  "a",
  "cpus",
  "cpu@0",
  "memory@0",
  "x".repeat(127),
  "x".repeat(128),
  "a@1",
  "__proto__",
  "\u001b[2J",
  "reserved-memory",
];
const KEYS = [
  "reg",
  "ranges",
  "interrupts",
  "interrupts-extended",
  "interrupt-parent",
  "interrupt-map",
  "interrupt-affinity",
  "#address-cells",
  "#size-cells",
  "#interrupt-cells",
  "phandle",
  "compatible",
  "status",
  "device_type",
  "stdout-path",
  "next-level-cache",
  "cache-size",
  "redistributor-stride",
  "mbi-ranges",
  "reg-shift",
  "method",
  "constructor",
] as const;

export interface Source {
  readonly blob: Uint8Array;
  readonly tree: Fdt;
  /** Of its nodes. */
  readonly count: number;
}
export function sourceOf(blob: Uint8Array): Source {
  const tree = readFdt(blob);
  return { blob, tree, count: countOf(tree.root) };
}

export function spoilt(source: Source, random: Random): Uint8Array {
  switch (random.below(4)) {
    case 0:
      return otherBytes(source.blob, random);
    case 1:
      return otherWords(source.blob, random);
    default:
      return otherTree(source, random);
  }
}

function otherBytes(blob: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(blob);
  for (let count = 1 + random.below(8); count > 0; count--) bytes[random.below(bytes.length)] = random.below(256);
  return random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

/** Aligned ones, of the header as often as of all the rest. */
function otherWords(blob: Uint8Array, random: Random): Uint8Array {
  const bytes = Buffer.from(blob);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = 4 * random.below(random.below(2) === 0 ? HEADER_WORDS : Math.floor(bytes.length / 4));
    bytes.writeUInt32BE(wordFrom(bytes.readUInt32BE(at), random), at);
  }
  return bytes;
}

/** Another one, or one near. */
const wordFrom = (word: number, random: Random): number => {
  const near = (word + random.pick([-8, -4, -1, 1, 4, 8, 0x1000])) >>> 0;
  return random.below(2) === 0 ? random.pick(WORDS) : near;
};

function otherTree({ tree, count }: Source, random: Random): Uint8Array {
  let { root } = tree;
  for (let changes = 1 + random.below(4); changes > 0; changes--) root = changedAt(root, { left: random.below(count) }, random);
  const reserved =
    random.below(8) === 0 ? [...tree.reserved, { base: random.pick(WORDS), size: random.pick(WORDS) }] : tree.reserved;
  return writeFdt({ ...tree, root, reserved } satisfies Fdt);
}

const countOf = ({ children }: FdtNode): number => children.reduce((sum, child) => sum + countOf(child), 1);

/** The node that is reached when `left` others have been. */
function changedAt(node: FdtNode, to: { left: number }, random: Random): FdtNode {
  if (to.left-- === 0) return changed(node, random);
  let isDone = false;
  const children = node.children.map((child) => {
    if (isDone) return child;
    const made = changedAt(child, to, random);
    isDone = made !== child;
    return made;
  });
  return isDone ? { ...node, children } : node;
}

function changed(node: FdtNode, random: Random): FdtNode {
  const { children } = node;
  const child = children.length === 0 ? undefined : random.pick(children);
  switch (random.below(7)) {
    case 0:
      return { ...node, children: children.filter((each) => each !== child) };
    case 1:
      return child === undefined ? node : { ...node, children: [...children, { ...child, name: random.pick(NAMES) }] };
    case 2:
      return child === undefined ? node : { ...node, children: [...children, child] };
    case 3:
      return { ...node, name: node.path === "/" ? "" : random.pick(NAMES) };
    default:
      return { ...node, properties: otherProperties(node.properties, random) };
  }
}

function otherProperties(properties: FdtNode["properties"], random: Random): Map<string, Uint8Array> {
  const others = new Map(properties);
  const key = others.size > 0 && random.below(4) > 0 ? random.pick([...others.keys()]) : random.pick(KEYS);
  if (random.below(5) === 0) {
    others.delete(key);
    return others;
  }
  const value = Buffer.from(others.get(key) ?? Buffer.alloc(4 * random.below(6)));
  const resized =
    random.below(4) === 0
      ? Buffer.concat([value, Buffer.alloc(random.below(12))]).subarray(0, random.below(value.length + 12))
      : value;
  if (resized.length >= 4) {
    const at = 4 * random.below(Math.floor(resized.length / 4));
    resized.writeUInt32BE(wordFrom(resized.readUInt32BE(at), random), at);
  } else if (resized.length > 0) resized[random.below(resized.length)] = random.below(256);
  return others.set(key, resized);
}
