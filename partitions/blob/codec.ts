// The blob's bytes and what they say, both ways, by the tables alone: no field is named here.
import type { Isa } from "../../boards/isa.ts";
import { FIELD_SIZE, place } from "./field.ts";
import type { FieldType, PlacedField, RecordLayout } from "./field.ts";
import { layoutOf } from "./isas.ts";

/** u32: number; u64: bigint; bytes16: text. */
export type FieldValue = number | bigint | string;
export type BlobRecord = Readonly<Record<string, FieldValue>>;
/** Records by their layout's name: "Cpu" → … */
export type BlobRecords = Readonly<Record<string, readonly BlobRecord[]>>;
/** All that a blob says. */
export interface Blob {
  readonly isa: Isa;
  readonly header: BlobRecord;
  readonly machine: BlobRecord;
  readonly records: BlobRecords;
}

export const ALIGN = 8;
/** One byte less than the field: the last one is NUL. */
export const NAME_BYTES_MAX = FIELD_SIZE.bytes16 - 1;

const isText = (type: FieldType, value: FieldValue): value is string => type === "bytes16" && typeof value === "string";

function writeField(
  view: DataView,
  base: number,
  { name, type, offset }: PlacedField,
  value: FieldValue | undefined,
): void {
  const at = base + offset;
  if (type === "u32" && typeof value === "number") view.setUint32(at, value, true);
  else if (type === "u64" && typeof value === "bigint") view.setBigUint64(at, value, true);
  else if (value !== undefined && isText(type, value))
    new TextEncoder().encodeInto(value, new Uint8Array(view.buffer, view.byteOffset + at, NAME_BYTES_MAX));
  else throw new TypeError(`blob field ${name} is ${type}, and was given ${typeof value}`);
}

function readField(view: DataView, base: number, { type, offset }: PlacedField): FieldValue {
  const at = base + offset;
  switch (type) {
    case "u32":
      return view.getUint32(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "bytes16":
      return new TextDecoder()
        .decode(new Uint8Array(view.buffer, view.byteOffset + at, FIELD_SIZE.bytes16))
        .replace(/\0.*$/, "");
  }
}

export function writeRecord(view: DataView, base: number, layout: RecordLayout, record: BlobRecord): void {
  for (const field of place(layout).fields) writeField(view, base, field, record[field.name]);
}

export function readRecord(view: DataView, base: number, layout: RecordLayout): BlobRecord {
  return Object.fromEntries(place(layout).fields.map((field) => [field.name, readField(view, base, field)]));
}

/** "Cpu" → the header's fields that say where the array of Cpu is. */
export const arrayFields = (layout: Pick<RecordLayout, "name">): { offset: string; count: string } => {
  const stem = layout.name.charAt(0).toLowerCase() + layout.name.slice(1);
  return { offset: `${stem}Offset`, count: `${stem}Count` };
};

/** Where the machine's record stands, and where arrays may begin. */
export function fixedPart(isa: Isa): { machineAt: number; size: number } {
  const { header, machine } = layoutOf(isa);
  const machineAt = place(header).size;
  return { machineAt, size: machineAt + place(machine).size };
}

/** Where each array of records begins, and where the last one ends. */
export function arrange(isa: Isa, packed: BlobRecords): { offsets: Record<string, number>; size: number } {
  let at = fixedPart(isa).size;
  const offsets: Record<string, number> = {};
  for (const layout of layoutOf(isa).records) {
    offsets[layout.name] = at;
    at += place(layout).size * (packed[layout.name] ?? []).length;
  }
  return { offsets, size: Math.ceil(at / ALIGN) * ALIGN };
}
