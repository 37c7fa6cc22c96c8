// CBOR in the one form that RFC 8949 4.2.1 leaves (core deterministic encoding): lengths and numbers as short as can be, nothing
// of indefinite length, keys in the order of their bytes, none twice. The same data has the same bytes, and others are refused.
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { ManifestError } from "./errors.ts";

const STRICT = {
  strict: true, allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false, useMaps: true,
  rejectDuplicateMapKeys: true,
} as const;

export const encoded = (value: unknown): Uint8Array => encode(value, rfc8949EncodeOptions);

/** Throws ManifestError. Maps are Maps. */
export function decoded(bytes: Uint8Array, most: number): unknown {
  if (bytes.length > most) throw malformed(`it has ${bytes.length} bytes, and at most ${most} are read`);
  let value: unknown;
  try {
    value = decode(bytes, STRICT);
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
  // The order of keys, and how short a floating-point number is, the decoder does not look at.
  if (!Buffer.from(encoded(value)).equals(bytes)) throw malformed("it is not in the form in which it would be written");
  return value;
}

/** Who reads something else than a manifest says `what` in words of his own. */
export class Malformed extends ManifestError<"AXV_MANIFEST_MALFORMED"> {
  readonly what: string;

  constructor(what: string) {
    super("AXV_MANIFEST_MALFORMED", what);
    this.what = what;
  }
}

export const malformed = (what: string): Malformed => new Malformed(what);

/** What a value has to be: gives it back, or throws ManifestError. */
export type Read<T> = (value: unknown, what: string) => T;

export const text = (pattern: RegExp): Read<string> => (value, what) => {
  if (typeof value !== "string" || !pattern.test(value)) throw malformed(`${what} is no text of its kind`);
  return value;
};

export const unsigned = (most: number): Read<number> => (value, what) => {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > most)
    throw malformed(`${what} is no number up to ${most}`);
  return value;
};

export const bytesOf = (least: number, most = least): Read<Uint8Array> => (value, what) => {
  if (!(value instanceof Uint8Array) || value.length < least || value.length > most)
    throw malformed(`${what} is not ${least === most ? least : `${least} to ${most}`} bytes`);
  return value;
};

/** A map with these keys, all of them, and no other. */
export function fields<const T extends Readonly<Record<string, Read<unknown>>>>(
  table: T,
): Read<{ readonly [K in keyof T]: ReturnType<T[K]> }> {
  return (value, what) => {
    if (!(value instanceof Map)) throw malformed(`${what} is no map`);
    const unknown = [...value.keys()].find((key) => typeof key !== "string" || !Object.hasOwn(table, key));
    if (unknown !== undefined) throw malformed(`${what} has a key ${JSON.stringify(unknown)}, which this version does not know`);
    const read = Object.entries(table).map(([key, each]) => [key, each(value.get(key), `${key} of ${what}`)] as const);
    return Object.fromEntries(read) as { readonly [K in keyof T]: ReturnType<T[K]> };
  };
}

/** A map from names to values of one kind. */
export const named = <T>(
  pattern: RegExp, most: number, each: Read<T>, least = 1,
): Read<ReadonlyMap<string, T>> => (value, what) => {
  if (!(value instanceof Map) || value.size < least || value.size > most)
    throw malformed(`${what} is no map of ${least} to ${most}`);
  const name = text(pattern);
  return new Map([...value].map(([key, one]) => [name(key, `a key of ${what}`), each(one, `${String(key)} of ${what}`)]));
};

export const list = <T>(most: number, each: Read<T>): Read<readonly T[]> => (value, what) => {
  if (!Array.isArray(value) || value.length === 0 || value.length > most) throw malformed(`${what} is no list of 1 to ${most}`);
  return value.map((one, n) => each(one, `${what} ${n}`));
};
