// Flattened device trees, read and written (Devicetree Specification v0.4, chapter 5). All numbers are big endian.
//
//   0                40               off_dt_struct                          off_dt_strings
//   +----------------+----------------+--------------------------------------+------------------------------+
//   | header, 10     | /memreserve/:  | tokens: BEGIN_NODE name, PROPERTY    | names of properties, each    |
//   | words          | (base size)…   | length name-offset value, END_NODE,  | ended by a NUL; one may be   |
//   |                | (0 0)          | NOP, END; each aligned to 4 bytes    | the end of another           |
//   +----------------+----------------+--------------------------------------+------------------------------+
//
// The reader takes any bytes: each offset and length is compared with the block that it has to lie in, and there are limits on
// depth, nodes and names, so that it ends, whatever they say, in time and memory in proportion to their number.
import { hex } from "../units.ts";
import type { Span } from "../units.ts";
import { FdtError } from "./errors.ts";

/** All that is written of one. */
export interface WrittenNode {
  /** With its unit address; the root's is "". */
  readonly name: string;
  /** As the blob has them: parts of the bytes that were read, not copies. */
  readonly properties: ReadonlyMap<string, Uint8Array>;
  readonly children: readonly WrittenNode[];
}

export interface FdtNode extends WrittenNode {
  /** "/" is the root's. */
  readonly path: string;
  readonly children: readonly FdtNode[];
}

export interface WrittenFdt {
  readonly root: WrittenNode;
  /** /memreserve/ */
  readonly reserved: readonly Span[];
  readonly bootCpu: number;
}

export interface Fdt extends WrittenFdt {
  readonly root: FdtNode;
}

export const MAGIC = 0xd00d_feed;
export const VERSION = 17;
/** The oldest version whose readers can read what we write. */
export const COMPATIBLE_VERSION = 16;
export const HEADER = {
  magic: 0, totalsize: 4, structure: 8, strings: 12, reservations: 16, version: 20, compatible: 24, bootCpu: 28,
  stringsSize: 32, structureSize: 36,
} as const;
export const HEADER_BYTES = 40;
export const WORD = 4;
export const RESERVATION = 16;

export const BEGIN_NODE = 1;
export const END_NODE = 2;
export const PROPERTY = 3;
export const NOP = 4;
export const END = 9;

/** Linux takes none that is larger (Documentation/arch/arm64/booting.rst). */
export const BYTES_MAX = 2 ** 21;
/** The trees of Debian's kernels have at most 1,112 nodes, 12 deep. */
const NODES_MAX = 2 ** 14;
const DEPTH_MAX = 32;
export const NAME_MAX = 127;
/** Devicetree Specification 2.2.1 and 2.2.4, and what Linux' trees have besides. It goes to terminals. */
const NODE_NAME = /^[!-.0-~]+$/;
const PROPERTY_NAME = /^[!-~]+$/;

const damaged = (at: number, what: string): FdtError => new FdtError("AXV-P162", `at byte ${at}, ${what}`);

class Reader {
  readonly #bytes: Buffer;
  readonly #strings: Span;
  readonly #end: number;
  readonly #names = new Map<number, string>();
  #at: number;
  #nodes = 0;

  constructor(bytes: Buffer, structure: Span, strings: Span) {
    this.#bytes = bytes;
    this.#strings = strings;
    this.#at = structure.base;
    this.#end = structure.base + structure.size;
  }

  tree(): FdtNode {
    while (this.#peek() === NOP) this.#word();
    const at = this.#at;
    if (this.#word() !== BEGIN_NODE) throw damaged(at, "the root should begin");
    const root = this.#node(undefined, 1);
    while (this.#peek() === NOP) this.#word();
    const last = this.#at;
    if (this.#word() !== END) throw damaged(last, "the end of the structure should be");
    return root;
  }

  #node(parent: FdtNode | undefined, depth: number): FdtNode {
    const start = this.#at;
    const name = this.#text(start, this.#end);
    if (parent === undefined ? name !== "" : !NODE_NAME.test(name)) throw damaged(start, "the name of a node cannot be this");
    this.#nodes += 1;
    if (depth > DEPTH_MAX) throw damaged(start, `nodes are more than ${DEPTH_MAX} deep`);
    if (this.#nodes > NODES_MAX) throw damaged(start, `there are more than ${NODES_MAX} nodes`);
    this.#skip(name.length + 1);
    const properties = new Map<string, Uint8Array>();
    const children: FdtNode[] = [];
    const path = parent === undefined ? "/" : `${parent.path === "/" ? "" : parent.path}/${name}`;
    const node = { name, path, properties, children };
    const names = new Set<string>();
    for (;;) {
      const at = this.#at;
      const token = this.#word();
      if (token === END_NODE) return node;
      if (token === PROPERTY) this.#property(node, at);
      else if (token === BEGIN_NODE) {
        const child = this.#node(node, depth + 1);
        if (names.has(child.name)) throw damaged(at, `${child.path} is there twice`);
        names.add(child.name);
        children.push(child);
      } else if (token !== NOP) throw damaged(at, `${hex(token)} is no token`);
    }
  }

  #property({ path, properties }: { path: string; properties: Map<string, Uint8Array> }, at: number): void {
    const length = this.#word();
    const name = this.#propertyName(this.#word());
    if (properties.has(name)) throw damaged(at, `${path} has \`${name}\` twice`);
    const value = this.#at;
    this.#skip(length);
    properties.set(name, this.#bytes.subarray(value, value + length));
  }

  #propertyName(offset: number): string {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const at = this.#strings.base + offset;
    const name = this.#text(at, this.#strings.base + this.#strings.size);
    if (!PROPERTY_NAME.test(name)) throw damaged(at, "the name of a property cannot be this");
    this.#names.set(offset, name);
    return name;
  }

  /** Up to its NUL, which is in front of `limit`. */
  #text(from: number, limit: number): string {
    const most = this.#bytes.subarray(from, Math.min(limit, from + NAME_MAX + 1));
    const length = most.indexOf(0);
    if (length < 0) throw damaged(from, `a name does not end after ${NAME_MAX} characters`);
    return most.toString("latin1", 0, length);
  }

  #peek(): number {
    if (this.#at + WORD > this.#end) throw damaged(this.#at, "the structure has no end");
    return this.#bytes.readUInt32BE(this.#at);
  }

  #word(): number {
    const word = this.#peek();
    this.#at += WORD;
    return word;
  }

  #skip(bytes: number): void {
    const next = this.#at + Math.ceil(bytes / WORD) * WORD;
    if (next > this.#end) throw damaged(this.#at, `${bytes} bytes reach beyond the structure`);
    this.#at = next;
  }
}

/** Throws FdtError. What stands behind the blob in `bytes` is left alone. */
export function readFdt(bytes: Uint8Array): Fdt {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (given.length < WORD || given.readUInt32BE(HEADER.magic) !== MAGIC)
    throw new FdtError("AXV-P160", `of ${given.length} bytes`);
  if (given.length < HEADER_BYTES) throw new FdtError("AXV-P161", `${given.length} bytes are no whole header`);
  const word = (at: number): number => given.readUInt32BE(at);
  const total = word(HEADER.totalsize);
  if (total > BYTES_MAX) throw new FdtError("AXV-P163", `${total} bytes, more than ${BYTES_MAX}`);
  if (total > given.length) throw new FdtError("AXV-P161", `${given.length} of ${total} bytes are there`);
  if (word(HEADER.version) < VERSION || word(HEADER.compatible) > VERSION)
    throw damaged(HEADER.version, `its version is ${word(HEADER.version)}, and not ${VERSION}`);

  const block = (offset: number, size: number, alignment: number, what: string): Span => {
    if (offset < HEADER_BYTES || offset % alignment !== 0 || offset + size > total)
      throw damaged(offset, `${what} of ${size} bytes cannot be`);
    return { base: offset, size };
  };
  const structure = block(word(HEADER.structure), word(HEADER.structureSize), WORD, "a structure");
  const strings = block(word(HEADER.strings), word(HEADER.stringsSize), 1, "a block of strings");
  const whole = given.subarray(0, total);
  return {
    root: new Reader(whole, structure, strings).tree(),
    reserved: reservations(whole, word(HEADER.reservations)),
    bootCpu: word(HEADER.bootCpu),
  };
}

function reservations(blob: Buffer, offset: number): Span[] {
  const found: Span[] = [];
  for (let at = offset; ; at += RESERVATION) {
    if (offset < HEADER_BYTES || at + RESERVATION > blob.length) throw damaged(at, "the list of /memreserve/ has no end");
    const base = blob.readBigUInt64BE(at);
    const size = blob.readBigUInt64BE(at + RESERVATION / 2);
    if (base === 0n && size === 0n) return found;
    if (base + size > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(at, "a /memreserve/ is beyond all memory");
    found.push({ base: Number(base), size: Number(size) });
  }
}

/** Names of properties, one after another, as dtc has them: one that is the end of an earlier one is not written again. */
class Strings {
  readonly #offsets = new Map<string, number>();
  readonly #texts: string[] = [];
  #length = 0;

  constructor(first: readonly string[]) {
    for (const name of first) this.offsetOf(name);
  }

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.#length;
    for (let from = 0; from <= name.length; from += 1) {
      const ending = name.slice(from);
      if (!this.#offsets.has(ending)) this.#offsets.set(ending, offset + from);
    }
    this.#texts.push(`${name}\0`);
    this.#length += name.length + 1;
    return offset;
  }

  get bytes(): Buffer {
    return Buffer.from(this.#texts.join(""), "latin1");
  }
}

const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * WORD);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * WORD);
  return bytes;
};
const padding = (length: number): Buffer => Buffer.alloc((WORD - (length % WORD)) % WORD);

/** The same tree gives the same bytes: those that dtc writes. `first`: names that begin the block of strings, in this order. */
export function writeFdt({ root, reserved, bootCpu }: WrittenFdt, first: readonly string[] = []): Uint8Array {
  const strings = new Strings(first);
  const parts: Uint8Array[] = [];
  const write = ({ name, properties, children }: WrittenNode): void => {
    parts.push(words(BEGIN_NODE), Buffer.from(`${name}\0`, "latin1"), padding(name.length + 1));
    for (const [property, value] of properties)
      parts.push(words(PROPERTY, value.length, strings.offsetOf(property)), value, padding(value.length));
    children.forEach(write);
    parts.push(words(END_NODE));
  };
  write(root);
  parts.push(words(END));

  const list = Buffer.alloc((reserved.length + 1) * RESERVATION);
  for (const [index, { base, size }] of reserved.entries()) {
    list.writeBigUInt64BE(BigInt(base), index * RESERVATION);
    list.writeBigUInt64BE(BigInt(size), index * RESERVATION + RESERVATION / 2);
  }
  const structure = Buffer.concat(parts);
  const texts = strings.bytes;
  const structureAt = HEADER_BYTES + list.length;
  const stringsAt = structureAt + structure.length;
  const header = words(
    MAGIC, stringsAt + texts.length, structureAt, stringsAt, HEADER_BYTES, VERSION, COMPATIBLE_VERSION, bootCpu, texts.length,
    structure.length,
  );
  return Buffer.concat([header, list, structure, texts]);
}
