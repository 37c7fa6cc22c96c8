// A FIT as its writer makes it, with an image of no bytes. The order of properties and names is that in which mkimage leaves
// them: it signs the very same bytes.
import { writeFdt, type FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { projectVersion } from "../../../partitions/project.ts";
import { type Algorithm, signedBy } from "./algorithms.ts";
import { CONFIGURATIONS, IMAGES, signedNodes } from "./signed.ts";

export interface FrameContents {
  /** What people call it. */
  readonly name: string;
  /** As U-Boot calls it: "arm64". */
  readonly arch: string;
  /** As the root of the board's device tree says it: U-Boot takes no other board's configuration. */
  readonly compatible: readonly string[];
  /** Where the image is to lie, and is entered. */
  readonly address: number;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface FrameSignature {
  /** Of the key. */
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly value: Uint8Array;
}

/** In the description of the whole: by this a FIT is known to be ours. */
export const OURS = "axv-part ";

export const KERNEL_PATH = `${IMAGES}/kernel-1`;

/** Names of properties that a signature holds: dtc's, then those that mkimage adds before it signs. */
const NAMES = [
  "description", "#address-cells", "type", "arch", "os", "compression", "load", "entry", "data", "algo", "compatible", "kernel",
  "key-name-hint", "timestamp", "value",
];
export const NAMES_BYTES = NAMES.join("\0").length + 1;

export interface Frame {
  readonly bytes: Buffer;
  /** What a signature of its configuration covers. */
  readonly signedNodes: readonly string[];
}

export function frameOf(contents: FrameContents, hash: Uint8Array, signatures: readonly FrameSignature[]): Frame {
  const { name, arch, compatible, address, time } = contents;
  const kernel = node(KERNEL_PATH, {
    description: text("hypervisor, plan and guests"),
    type: text("kernel"),
    arch: text(arch),
    os: text("linux"),
    compression: text("none"),
    load: cells(...addressCells(address)),
    entry: cells(...addressCells(address)),
    data: Buffer.alloc(0),
  }, [node(`${KERNEL_PATH}/hash-1`, { value: hash, algo: text("sha256") })]);
  const images = node(IMAGES, {}, [kernel]);
  const path = `${CONFIGURATIONS}/conf-1`;
  const bare = node(path, { description: text(name), compatible: text(...compatible), kernel: text(kernel.name) });
  const nodes = signedNodes(images, bare);
  const configuration = { ...bare, children: signatures.map((each, index) => signatureOf(path, index, each, time, nodes)) };
  const root = node("/", { timestamp: cells(time), description: text(`${OURS}${name}`), "#address-cells": cells(1) }, [
    images,
    node(CONFIGURATIONS, {}, [configuration]),
  ]);
  const bytes = Buffer.from(writeFdt({ root, reserved: [], bootCpu: 0 }, NAMES));
  return { bytes, signedNodes: nodes };
}

function signatureOf(
  configuration: string,
  index: number,
  { name, algorithm, value }: FrameSignature,
  time: number,
  nodes: readonly string[],
): FdtNode {
  return node(`${configuration}/signature-${index + 1}`, {
    "hashed-strings": cells(0, NAMES_BYTES),
    "hashed-nodes": text(...nodes), // what U-Boot before 2026.04 asks
    timestamp: cells(time),
    "signer-version": text(projectVersion()),
    "signer-name": text("axv-part"),
    value,
    algo: text(signedBy(algorithm)),
    "key-name-hint": text(name),
  });
}

function node(path: string, properties: Readonly<Record<string, Uint8Array>>, children: readonly FdtNode[] = []): FdtNode {
  return { name: path.slice(path.lastIndexOf("/") + 1), path, properties: new Map(Object.entries(properties)), children };
}

const text = (...strings: readonly string[]): Buffer => Buffer.from(strings.map((string) => `${string}\0`).join(""));

const CELL_BYTES = 4;
const CELL_VALUES = 2 ** 32;
function cells(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * CELL_BYTES);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * CELL_BYTES);
  return bytes;
}

/** U-Boot counts the cells itself. */
const addressCells = (address: number): number[] =>
  address < CELL_VALUES ? [address] : [Math.floor(address / CELL_VALUES), address % CELL_VALUES];
