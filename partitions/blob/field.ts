// How records of the blob are described, and where their fields stand.
import type { PromiseId } from "./promises.table.ts";

export type FieldType = "u32" | "u64" | "bytes16";

/** Bytes a field takes; also its alignment, except for bytes16: 8. */
export const FIELD_SIZE: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 16 };
export const FIELD_ALIGN: Record<FieldType, number> = { u32: 4, u64: 8, bytes16: 8 };

/** What a u32 field can hold, and the promise that another value breaks. */
export interface FieldRange {
  readonly promise: PromiseId;
  readonly least: number;
  readonly most: number;
  /** 0 too: it is not there. */
  readonly orNone?: true;
}

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly doc: string;
  readonly range?: FieldRange;
}

export interface RecordLayout {
  /** In the singular, PascalCase; the accessor class is `Blob<name>`. */
  readonly name: string;
  readonly doc: string;
  /** How many of them the core is prepared for. */
  readonly most: number;
  readonly fields: readonly Field[];
}

export const f = (name: string, type: FieldType, doc: string, range?: FieldRange): Field => ({
  name,
  type,
  doc,
  ...(range && { range }),
});
export const within = (promise: PromiseId, least: number, most: number): FieldRange => ({ promise, least, most });
export const orNone = (promise: PromiseId, least: number, most: number): FieldRange =>
  ({ promise, least, most, orNone: true });

export interface PlacedField extends Field {
  readonly offset: number;
}

/** Natural alignment, in the order given; the record's size is rounded up to 8. */
export function place(layout: RecordLayout): { fields: PlacedField[]; size: number } {
  let at = 0;
  const fields = layout.fields.map((field) => {
    const align = FIELD_ALIGN[field.type];
    at = Math.ceil(at / align) * align;
    const placed = { ...field, offset: at };
    at += FIELD_SIZE[field.type];
    return placed;
  });
  return { fields, size: Math.ceil(at / 8) * 8 };
}
