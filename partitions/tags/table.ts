// The tag table: every process value of a system, with its place in the tag image and its addresses in every protocol. All that
// knows a tag (the C header, the bridge's OPC UA nodes, the Modbus map, …) is made of this.
//
// A structure is its fields: { name: Tank, type: { Level: f32 } } is the tag Tank.Level.
import { crc32 } from "node:zlib";
import { TAG_PIECE_WORDS } from "../../core/abi.ts";
import { TAG_IMAGE_VALUES } from "../../rtos-guests/channel/tagImageLayout.ts";
import { TAG_WRITES_ALIGN, TAG_WRITES_BYTES } from "../../rtos-guests/channel/tagWritesLayout.ts";
import type { PartitionRequest } from "../request.ts";
import type { Path } from "../source/path.ts";
import { alignUp, KIB } from "../units.ts";
import type { WrittenTag } from "./schema.ts";
import { alignmentOf, bytesOf, formatType, parseType } from "./type.ts";
import type { TagType } from "./type.ts";

/** A tag as it is written, or a field of one. */
export interface WantedTag {
  readonly partition: string;
  readonly name: string;
  readonly type: TagType;
  readonly unit: string | undefined;
  readonly range: readonly [number, number] | undefined;
  readonly writable: boolean;
  readonly description: string | undefined;
  readonly deadband: number;
  /** Addresses and networks that may write it; undefined: all. */
  readonly clients: readonly string[] | undefined;
  /** The register, or bit, that system.yaml asks for. */
  readonly register: number | undefined;
  /** Where it stands in system.yaml. */
  readonly path: Path;
}

/** What does not change when others come or go. */
export interface Addresses {
  /** Modbus: its first coil and discrete input, if it is a bool; otherwise its first holding and input register. From 0. */
  readonly register: number;
  /** Sparkplug B. */
  readonly alias: number;
}

export interface Tag extends Omit<WantedTag, "register" | "path">, Addresses {
  /** In the partition's tag image, in bytes from its start. */
  readonly offset: number;
}

export interface PartitionTags {
  readonly partition: string;
  /** Bytes of its tag image, header and values. */
  readonly size: number;
  readonly tags: readonly Tag[];
}

export type TagTable = readonly PartitionTags[];

/** Modbus has tables of bits and tables of registers. */
export const isBit = ({ scalar }: TagType): boolean => scalar === "bool";

/** As C has it. */
export const cName = (name: string): string => name.replaceAll(".", "_");

const REGISTER_BYTES = 2;
/** Registers, or bits, that a tag takes: a number of 8 bits takes a whole register. */
export function registersOf(type: TagType): number {
  const { scalar, count = 1, size, text } = type;
  if (isBit(type)) return count;
  return scalar === "string" ? Math.ceil(text / REGISTER_BYTES) : count * Math.ceil(size / REGISTER_BYTES);
}

/** Of a partition, in the order in which they are written. */
export const wantedTags = ({ name, path, fields }: PartitionRequest): WantedTag[] => leaves(fields.tags ?? [], name, path);

/** `path`: of the partition, where they are written. */
export const leaves = (written: readonly WrittenTag[], partition: string, path: Path): WantedTag[] =>
  written.flatMap((tag, index) => leavesOf(tag, partition, [...path, "tags", index]));

function leavesOf(written: WrittenTag, partition: string, path: Path): WantedTag[] {
  const { name, type, unit, range, access, description, deadband = 0, clients, register } = written;
  const leaf = (leafName: string, typeName: string, place: Path): WantedTag => ({
    partition,
    name: leafName,
    type: parseType(typeName),
    unit,
    range,
    writable: access === "rw",
    description,
    deadband,
    clients,
    register,
    path: place,
  });
  if (typeof type === "string") return [leaf(name, type, path)];
  return Object.entries(type).map(([field, typeName]) => leaf(`${name}.${field}`, typeName, [...path, "type", field]));
}

/** What a partition's image may be at most: its header and all values. */
export const TAG_IMAGE_MAX = 64 * KIB;
const WORD = 8;
/** What the hypervisor sends is of one scan in each of these, counted from the first value. */
const PIECE = TAG_PIECE_WORDS * WORD;

/** From `offset` on, with all its bytes in one piece, if one has so many. */
function inOnePiece(offset: number, bytes: number): number {
  const inPiece = (offset - TAG_IMAGE_VALUES) % PIECE;
  return bytes <= PIECE && inPiece + bytes > PIECE ? offset + PIECE - inPiece : offset;
}

/** Each tag's offset, in the order of the list, each aligned to what it consists of; and the end, in whole words of 64 bits. */
export function placeInImage(wanted: readonly WantedTag[]): { readonly offsets: readonly number[]; readonly size: number } {
  let end: number = TAG_IMAGE_VALUES;
  const offsets = wanted.map(({ type }) => {
    const alignment = alignmentOf(type);
    const offset = inOnePiece(alignUp(end, alignment), bytesOf(type));
    end = offset + bytesOf(type);
    return offset;
  });
  return { offsets, size: alignUp(end, WORD) };
}

/** Where in the channel the rings are by which it is written; undefined: no tag of it may be. */
type Writable = Pick<PartitionTags, "size"> & { readonly tags: readonly Pick<Tag, "writable">[] };
export const ringsAt = ({ size, tags }: Writable): number | undefined =>
  tags.some(({ writable }) => writable) ? alignUp(size, TAG_WRITES_ALIGN) : undefined;

/** Bytes that its channel needs. */
export function channelBytes(table: Parameters<typeof ringsAt>[0]): number {
  const rings = ringsAt(table);
  return rings === undefined ? table.size : rings + TAG_WRITES_BYTES;
}

/** What a table is, as text. Its CRC-32 says whether a guest and a reader mean the same one. */
export const layoutText = ({ tags }: PartitionTags): string =>
  tags.map(({ name, type, offset }) => `${name} ${formatType(type)} ${offset}\n`).join("");

export const layoutSum = (partition: PartitionTags): number => crc32(layoutText(partition));
