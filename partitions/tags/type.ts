// Types of tags, as they are written: "i32", "f64[8]", "string[16]".

export const SCALARS = ["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64", "string"] as const;
export type Scalar = (typeof SCALARS)[number];

export interface TagType {
  readonly scalar: Scalar;
  /** Elements of an array; undefined: it is none. */
  readonly count: number | undefined;
  /** Bytes of an element in the tag image; of a string with its length and the padding to a multiple of 4. */
  readonly size: number;
  /** Bytes of text that fit in a string, as UTF-8; of other types 0. */
  readonly text: number;
}

export const ARRAY_MAX = 1024;
export const STRING_MAX = 255;

/** A string is its length in bytes, one byte of it, and then its text. */
const LENGTH_BYTES = 1;
const STRING_ALIGN = 4;

const SIZES: Readonly<Record<Scalar, number>> = {
  bool: 1, i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8, string: 0,
};

/** Of a text that the schema has let pass. */
export function parseType(written: string): TagType {
  const [name = "", amount] = written.replace("]", "").split("[");
  const scalar = SCALARS.find((each) => each === name) ?? "bool";
  if (scalar !== "string") {
    return { scalar, count: amount === undefined ? undefined : Number(amount), size: SIZES[scalar], text: 0 };
  }
  const text = Number(amount);
  const size = Math.ceil((LENGTH_BYTES + text) / STRING_ALIGN) * STRING_ALIGN;
  return { scalar, count: undefined, size, text };
}

export const formatType = ({ scalar, count, text }: TagType): string =>
  scalar === "string" ? `string[${text}]` : count === undefined ? scalar : `${scalar}[${count}]`;

/** Where it may begin in the tag image: at a multiple of this. */
export const alignmentOf = ({ scalar, size }: TagType): number => (scalar === "string" ? STRING_ALIGN : size);

export const bytesOf = ({ count = 1, size }: TagType): number => count * size;

export const isNumeric = ({ scalar }: TagType): boolean => scalar !== "bool" && scalar !== "string";

const F32_MAX = (2 - 2 ** -23) * 2 ** 127; // IEEE 754

/** The least and the greatest value that it holds; undefined: it is no number. */
export function boundsOf({ scalar, size }: TagType): readonly [number, number] | undefined {
  const bits = 8 * size;
  if (scalar === "f32") return [-F32_MAX, F32_MAX];
  if (scalar === "f64") return [-Number.MAX_VALUE, Number.MAX_VALUE];
  if (scalar.startsWith("u")) return [0, 2 ** bits - 1];
  return scalar.startsWith("i") ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : undefined;
}
