// Reads a FIT (U-Boot's doc/usage/fit/source_file_format.rst) that anybody may have made: what is given back has been checked,
// lies within the FIT, and is bounded.
import { FdtError } from "../../../partitions/devicetree/errors.ts";
import { HEADER, readFdt, type FdtNode } from "../../../partitions/devicetree/fdt.ts";
import { cellOf, cellsOf, numberOf, stringsOf } from "../../../partitions/devicetree/properties.ts";
import { oneLine } from "../../../partitions/source/text.ts";
import type { Span } from "../../../partitions/units.ts";
import { FitError } from "./errors.ts";
import { hollow } from "./hollow.ts";
import { CONFIGURATIONS, IMAGES, imagesOf, isHash, signedNodes } from "./signed.ts";
import type { Source } from "./source.ts";

export interface FitHash {
  readonly algorithm: string;
  readonly value: Uint8Array;
}

export interface FitImage {
  readonly name: string;
  readonly description: string | undefined;
  /** "kernel", "flat_dt", "script", …; as the file says it, as the next four are. */
  readonly type: string | undefined;
  readonly arch: string | undefined;
  readonly os: string | undefined;
  readonly compression: string | undefined;
  readonly load: number | undefined;
  readonly entry: number | undefined;
  /** Where its bytes are in the FIT. */
  readonly data: Span;
  readonly hashes: readonly FitHash[];
}

export interface FitSignature {
  readonly name: string;
  /** "sha256,rsa2048" */
  readonly algorithm: string;
  /** The name of the key, which is a hint. */
  readonly key: string | undefined;
  readonly value: Uint8Array;
  /** So many bytes of the block of strings are signed. */
  readonly stringsSize: number;
}

export interface FitConfiguration {
  readonly name: string;
  readonly description: string | undefined;
  /** Boards that it is for, as the root of their device trees says it. */
  readonly compatible: readonly string[];
  /** The name of its kernel's image. */
  readonly kernel: string | undefined;
  /** Names of all its images. */
  readonly images: readonly string[];
  readonly signatures: readonly FitSignature[];
  /** Paths of the nodes that a signature of it covers. */
  readonly signedNodes: readonly string[];
}

export interface Fit {
  /** Bytes of all of it. */
  readonly total: number;
  readonly description: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number | undefined;
  readonly images: ReadonlyMap<string, FitImage>;
  readonly configurations: ReadonlyMap<string, FitConfiguration>;
  readonly defaultConfiguration: string | undefined;
  /** It without its payloads: what signatures cover is in it. */
  readonly tree: Buffer;
}

/** Throws FitError. What stands behind the FIT in `source` is left alone. */
export function readFit(source: Source): Fit {
  const { total, tree, payloads } = hollow(source);
  try {
    const { root } = readFdt(tree);
    const stringsMax = tree.readUInt32BE(HEADER.stringsSize);
    const images = childOf(root, IMAGES);
    const configurations = childOf(root, CONFIGURATIONS);
    const paths = new Set(images.children.map(({ path }) => path));
    for (const path of payloads.keys()) if (!paths.has(path)) throw damaged(`${path} has \`data\`, and is no image`);
    return {
      total,
      tree,
      description: textOf(root, "description"),
      timestamp: cellOf(root, "timestamp"),
      images: new Map(images.children.map((node) => [node.name, image(node, payloads.get(node.path))])),
      configurations: new Map(configurations.children.map((node) => [node.name, configuration(images, node, stringsMax)])),
      defaultConfiguration: textOf(configurations, "default"),
    };
  } catch (error) {
    if (error instanceof FdtError) throw damaged(error.message);
    throw error;
  }
}

const damaged = (what: string): FitError => new FitError("AXV_FIT_DAMAGED", oneLine(what));

/** Of images, of configurations; and of signatures of one: so that what is asked of them ends soon, whoever has made them. */
const CHILDREN_MAX = 64;
const SIGNATURES_MAX = 8;
/** libfdt takes `kernel-1@1` for `kernel-1`: U-Boot signs no such names. */
const WITH_UNIT_ADDRESS = "@";

function childOf(root: FdtNode, path: string): FdtNode {
  const found = root.children.find((node) => node.path === path);
  if (found === undefined) throw damaged(`it has no ${path}`);
  if (found.children.length > CHILDREN_MAX) throw damaged(`${path} has more than ${CHILDREN_MAX} nodes`);
  const named = [...root.children, ...found.children, ...found.children.flatMap(({ children }) => children)];
  for (const node of named) if (node.name.includes(WITH_UNIT_ADDRESS)) throw damaged(`${node.path} has a unit address`);
  return found;
}

function textOf(node: FdtNode, name: string): string | undefined {
  const [text, ...more] = stringsOf(node, name);
  if (more.length > 0) throw damaged(`\`${name}\` of ${node.path} has ${more.length + 1} strings, and not one`);
  return text;
}

const EXTERNAL = ["data-offset", "data-position", "data-size"];

function image(node: FdtNode, data: Span | undefined): FitImage {
  if (EXTERNAL.some((name) => node.properties.has(name))) throw new FitError("AXV_FIT_EXTERNAL", node.path);
  if (data === undefined) throw damaged(`${node.path} has no \`data\``);
  return {
    name: node.name,
    description: textOf(node, "description"),
    type: textOf(node, "type"),
    arch: textOf(node, "arch"),
    os: textOf(node, "os"),
    compression: textOf(node, "compression"),
    load: addressOf(node, "load"),
    entry: addressOf(node, "entry"),
    data,
    hashes: node.children.filter(isHash).map((hash) => ({ algorithm: algorithmIn(hash), value: valueOf(hash) })),
  };
}

function addressOf(node: FdtNode, name: string): number | undefined {
  const address = numberOf(node, name);
  if (address !== undefined && !Number.isSafeInteger(address)) throw damaged(`\`${name}\` of ${node.path} is beyond all memory`);
  return address;
}

function configuration(images: FdtNode, node: FdtNode, stringsMax: number): FitConfiguration {
  const signatures = node.children.filter(({ name }) => name.startsWith("signature"));
  if (signatures.length > SIGNATURES_MAX) throw damaged(`${node.path} has more than ${SIGNATURES_MAX} signatures`);
  return {
    name: node.name,
    description: textOf(node, "description"),
    compatible: stringsOf(node, "compatible"),
    kernel: textOf(node, "kernel"),
    images: imagesOf(images, node),
    signatures: signatures.map((each) => signature(each, stringsMax)),
    signedNodes: signedNodes(images, node),
  };
}

function signature(node: FdtNode, stringsMax: number): FitSignature {
  const [, stringsSize, ...more] = cellsOf(node, "hashed-strings"); // the first cell means nothing
  if (stringsSize === undefined || stringsSize > stringsMax || more.length > 0)
    throw damaged(`\`hashed-strings\` of ${node.path} is no part of the block of strings`);
  return {
    name: node.name,
    algorithm: algorithmIn(node),
    key: textOf(node, "key-name-hint"),
    value: valueOf(node),
    stringsSize,
  };
}

function algorithmIn(node: FdtNode): string {
  const algorithm = textOf(node, "algo");
  if (algorithm === undefined) throw damaged(`${node.path} has no \`algo\``);
  return algorithm;
}

function valueOf(node: FdtNode): Uint8Array {
  const value = node.properties.get("value");
  if (value === undefined) throw damaged(`${node.path} has no \`value\``);
  return value;
}
