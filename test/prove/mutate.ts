// Blobs that somebody has changed, their checksum right: fields of every class, records that are twice, gone, in another order or
// another partition's, and what says where arrays are.
import { crc32 } from "node:zlib";
import { arrayFields } from "../../partitions/blob/codec.ts";
import type { Blob, BlobRecord, FieldValue } from "../../partitions/blob/codec.ts";
import { place } from "../../partitions/blob/field.ts";
import type { PlacedField, RecordLayout } from "../../partitions/blob/field.ts";
import { layoutOf } from "../../partitions/blob/isas.ts";
import { HEADER } from "../../partitions/blob/layout.table.ts";
import { CHECKSUM_FROM, encodeBlob } from "../../partitions/blob/write.ts";
import type { Random } from "../hostile/random.ts";

/** A field of the blob, whichever record it is in: "Region.pa". */
export interface FieldClass {
  readonly layout: RecordLayout;
  readonly field: PlacedField;
  readonly name: string;
}

const { header, machine, records } = layoutOf("aarch64");

/** Those that the writer fills in by itself are changed in the bytes (rewritten). */
const DERIVED = new Set(
  ["magic", "version", "size", "checksum", "isa", ...records.flatMap((layout) => Object.values(arrayFields(layout)))],
);
const CHECKSUM = "checksum";

export const CLASSES: readonly FieldClass[] = [header, machine, ...records].flatMap((layout) =>
  place(layout).fields.filter(({ name }) => layout !== header || name !== CHECKSUM)
    .map((field) => ({ layout, field, name: `${layout.name}.${field.name}` })));

const PAGE = 0x1000n;
/** Where something is on QEMU's virt, and the image. */
const PLACES: readonly bigint[] = [
  0n, 0x0800_0000n, 0x0801_0000n, 0x0803_0000n, 0x0804_0000n, 0x080a_0000n, 0x0810_0000n, 0x0900_0000n, 0x0901_0000n,
  0x0a00_0000n, 0x0a00_3000n, 0x4000_0000n, 0x4020_0000n, 0x4034_0000n, 0x4038_0000n, 0x4040_0000n,
  0x5000_0000n, 0x7fff_f000n, 0x8000_0000n, 1n << 38n, 1n << 40n, 0xffff_ffff_ffff_f000n,
];
const NONE = 0xffff_ffff;

/** A record of which there is none. */
const nothing = ({ fields }: RecordLayout): BlobRecord =>
  Object.fromEntries(fields.map(({ name, type }) => [name, type === "u32" ? 0 : type === "u64" ? 0n : ""]));

export class Mutator {
  private readonly random: Random;
  /** Of the blob that is changed: what fields of others say. */
  private readonly values: readonly FieldValue[];

  constructor(random: Random, blob: Blob) {
    this.random = random;
    this.values = [blob.header, blob.machine, ...Object.values(blob.records).flat()].flatMap((record) => Object.values(record));
  }

  /** At least that field is another one, where the blob has one; and what was done. */
  change(blob: Blob, first: FieldClass): { bytes: Uint8Array; what: string } {
    const done: string[] = [];
    let changed = this.inField(blob, first, done);
    for (let more = this.random.below(3); more > 0; more--) {
      changed = this.random.chance(1, 3) ? this.inOrder(changed, done) : this.inField(changed, this.random.pick(CLASSES), done);
    }
    const bytes = this.rewritten(encodeBlob(changed), first, done);
    return { bytes, what: done.join(", ") };
  }

  private inField(blob: Blob, { layout, field, name }: FieldClass, done: string[]): Blob {
    const other = (record: BlobRecord): BlobRecord => {
      const value = this.other(field, record[field.name] ?? 0);
      done.push(`${name} ${String(record[field.name])} → ${String(value)}`);
      return { ...record, [field.name]: value };
    };
    if (layout === header) return DERIVED.has(field.name) ? blob : { ...blob, header: other(blob.header) };
    if (layout === machine) return { ...blob, machine: other(blob.machine) };
    const there = blob.records[layout.name] ?? [];
    const list = there.length > 0 ? there : [nothing(layout)];
    const index = this.random.below(Math.max(1, list.length));
    return { ...blob, records: { ...blob.records, [layout.name]: list.map((one, n) => (n === index ? other(one) : one)) } };
  }

  private other({ type, name }: PlacedField, value: FieldValue): FieldValue {
    const { random } = this;
    if (type === "bytes16") return random.pick(["", "x", "plc", "net", "0123456789abcde", "\u001b[2J"]);
    const number = BigInt(value);
    const near = (): bigint => number + random.pick([-PAGE, -64n, -8n, -1n, 1n, 4n, 64n, PAGE, 0x20_0000n]);
    const others = this.values.filter((one) => typeof one !== "string");
    const made = [
      near, near, () => random.pick(PLACES), () => number ^ (1n << BigInt(random.below(type === "u32" ? 32 : 42))),
      () => BigInt(random.pick(others)), () => BigInt(random.pick(others)), () => random.value(), () => BigInt(random.below(9)),
      () => (name === "line" || name === "doorbell" ? BigInt(random.below(288)) : BigInt(NONE)), () => number * 2n,
    ];
    const wanted = random.pick(made)();
    return type === "u32" ? Number(BigInt.asUintN(32, wanted)) : BigInt.asUintN(64, wanted);
  }

  /** Records of a kind in another order, one twice or gone; or a partition has one more, or one less. */
  private inOrder(blob: Blob, done: string[]): Blob {
    const { random } = this;
    const kind = random.pick(Object.entries(blob.records).filter(([, list]) => list.length > 0).map(([name]) => name));
    const list = [...(blob.records[kind] ?? [])];
    const [at, to] = [random.below(list.length), random.below(list.length)];
    const one = list[at] ?? {};
    const how = random.pick(["twice", "gone", "moved", "given"] as const);
    done.push(`${kind} ${at} ${how}`);
    if (how === "gone") list.splice(at, 1);
    else if (how === "twice") list.splice(to, 0, one);
    else if (how === "moved") list.splice(to, 0, ...list.splice(at, 1));
    const changed = { ...blob, records: { ...blob.records, [kind]: list } };
    // What stands behind it in the list is its owner's still.
    if (how === "moved") return changed;
    return this.counted(changed, kind, how === "gone" ? -1 : how === "twice" ? 1 : random.pick([-1, 1]));
  }

  private counted(blob: Blob, kind: string, by: number): Blob {
    const count = `${kind.toLowerCase()}Count`;
    const first = `${kind.toLowerCase()}First`;
    const partitions = blob.records["Partition"] ?? [];
    if (partitions[0]?.[count] === undefined) return blob;
    const whose = this.random.below(partitions.length);
    const Partition = partitions.map((one, n) => ({
      ...one,
      ...(n === whose && { [count]: Math.max(0, Number(one[count]) + by) }),
      ...(n > whose && { [first]: Math.max(0, Number(one[first]) + by) }),
    }));
    return { ...blob, records: { ...blob.records, Partition } };
  }

  /** What the writer derives, changed in its bytes; and the checksum of those. */
  private rewritten(bytes: Uint8Array, { layout, field }: FieldClass, done: string[]): Uint8Array {
    const view = new DataView(bytes.buffer);
    if (layout === header && DERIVED.has(field.name)) {
      const before = view.getUint32(field.offset, true);
      const value = Number(this.other(field, before));
      done.push(`Header.${field.name} ${before} → ${value}`);
      view.setUint32(field.offset, value, true);
    }
    const checksum = place(HEADER).fields.find(({ name }) => name === CHECKSUM)?.offset ?? 0;
    const size = Math.min(bytes.length, view.getUint32(8, true));
    view.setUint32(checksum, crc32(bytes.subarray(CHECKSUM_FROM, Math.max(CHECKSUM_FROM, size))), true);
    return bytes;
  }
}
