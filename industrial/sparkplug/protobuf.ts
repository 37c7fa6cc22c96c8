// As much of Protocol Buffers as Sparkplug's payload needs (protobuf.dev, "Encoding"): varints, 32 and 64 bits,
// and runs of bytes. Not by a package: the one for Sparkplug (sparkplug-payload 1.0.3) turns a BigInt into 0
// without a word, and brings protobufjs 6 with it.
//
//   a field:   number << 3 | wire type, as a varint;   then, by its wire type,
//              0: a varint   1: 8 bytes   2: a length and as many bytes   5: 4 bytes

const VARINT = 0;
const BYTES_8 = 1;
const RUN = 2;
const BYTES_4 = 5;
const U64 = 64;

export class Writer {
  readonly #parts: Uint8Array[] = [];

  varint(field: number, value: number | bigint): void {
    this.#tag(field, VARINT);
    this.#number(BigInt.asUintN(U64, BigInt(value)));
  }

  bool(field: number, value: boolean): void {
    this.varint(field, value ? 1 : 0);
  }

  float(field: number, value: number): void {
    this.#tag(field, BYTES_4);
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    this.#parts.push(bytes);
  }

  double(field: number, value: number): void {
    this.#tag(field, BYTES_8);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#parts.push(bytes);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, RUN);
    this.#number(BigInt(value.length));
    this.#parts.push(value);
  }

  text(field: number, value: string): void {
    this.bytes(field, Buffer.from(value, "utf8"));
  }

  /** All of it. */
  get whole(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #tag(field: number, wire: number): void {
    this.#number(BigInt((field << 3) | wire));
  }

  #number(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      bytes.push(rest === 0n ? low : low | 0x80);
    } while (rest !== 0n);
    this.#parts.push(Uint8Array.from(bytes));
  }
}

/** A field as it was read: a varint, or bytes. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Buffer;
}

/** The fields of a message, in order; undefined: it is none. */
export function readFields(message: Uint8Array): Field[] | undefined {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(U64, value);
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag === undefined) return undefined;
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    let value: bigint | Buffer | undefined;
    if (wire === VARINT) value = varint();
    else {
      const length = wire === RUN ? Number(varint() ?? -1n) : wire === BYTES_8 ? 8 : wire === BYTES_4 ? 4 : -1;
      if (length >= 0 && length <= bytes.length - at) value = bytes.subarray(at, (at += length));
    }
    if (value === undefined || number === 0) return undefined;
    fields.push({ number, value });
  }
  return fields;
}
