// Writes a FIT as a stream: what stands before the image's bytes, then these, then the rest, in which their hash is, and the
// signatures over that. Of the image only what is on its way is in memory.
//
//   +--------------------------------+--------------+------------------------------------------------------+
//   | header, /images/kernel-1 up to | the image    | hash-1, /configurations/conf-1 with its compatible   |
//   | the value of its `data`        | (from files) | and signatures, names of properties                  |
//   +--------------------------------+--------------+------------------------------------------------------+
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { HEADER, WORD } from "../../../partitions/devicetree/fdt.ts";
import type { Load } from "../../../partitions/images/contents.ts";
import { type Algorithm, signatureBytes, signBytes } from "./algorithms.ts";
import { FitError } from "./errors.ts";
import { frameOf, type FrameContents, type FrameSignature, KERNEL_PATH, NAMES_BYTES } from "./frame.ts";
import { hollow } from "./hollow.ts";
import { signedBytes } from "./signed.ts";
import { ofMemory } from "./source.ts";

export interface Signer {
  readonly name: string;
  readonly algorithm: Algorithm;
  /** Private. */
  readonly key: KeyObject;
}

const SHA256_BYTES = 32;
const SIZE_MAX = 2 ** 32;

export class FitStream {
  readonly length: number;
  readonly #contents: FrameContents;
  readonly #image: Load;
  readonly #signers: readonly Signer[];
  /** Up to the image's first byte. */
  readonly #head: Buffer;
  #last: { readonly hash: Buffer; readonly tail: Buffer } | undefined;

  constructor(contents: FrameContents, image: Load, signers: readonly Signer[]) {
    this.#contents = contents;
    this.#image = image;
    this.#signers = signers;
    const { bytes } = this.#unsigned(Buffer.alloc(SHA256_BYTES));
    this.length = bytes.length + image.length;
    if (this.length >= SIZE_MAX) throw new FitError("AXV_FIT_SIZE", String(image.length));
    const data = hollow(ofMemory(bytes)).payloads.get(KERNEL_PATH)?.base ?? 0;
    this.#head = bytes.subarray(0, data);
    // All that is said of lengths there counts the image, too.
    for (const field of [HEADER.totalsize, HEADER.structureSize, HEADER.strings, data - 2 * WORD])
      bytes.writeUInt32BE(bytes.readUInt32BE(field) + image.length, field);
  }

  /** Each is good until the next one is asked for. */
  *chunks(): Generator<Uint8Array> {
    yield this.#head;
    const hash = createHash("sha256");
    for (const chunk of this.#image.chunks()) {
      hash.update(chunk);
      yield chunk;
    }
    yield this.#tail(hash.digest());
  }

  /** The same each time, as long as the image is: an ECDSA signature is random, and a manifest has the hash of all. */
  #tail(hash: Buffer): Buffer {
    if (this.#last?.hash.equals(hash) !== true)
      this.#last = { hash, tail: this.#signed(hash).subarray(this.#head.length) };
    return this.#last.tail;
  }

  #unsigned(hash: Uint8Array): ReturnType<typeof frameOf> {
    const blank = ({ name, algorithm }: Signer): FrameSignature => ({
      name, algorithm, value: Buffer.alloc(signatureBytes(algorithm)),
    });
    return frameOf(this.#contents, hash, this.#signers.map(blank));
  }

  #signed(hash: Uint8Array): Buffer {
    const { bytes, signedNodes } = this.#unsigned(hash);
    const signed = signedBytes(bytes, signedNodes, NAMES_BYTES);
    const signatures = this.#signers.map(({ name, algorithm, key }) => ({ name, algorithm, value: signBytes(signed, key) }));
    return frameOf(this.#contents, hash, signatures).bytes;
  }
}

const TIME_PATTERN = /^[0-9]{1,10}$/;
/** Seconds since 1970 that a build says it was made at: always the same, so that the same input gives the same bytes. */
export function sourceDate(variable = process.env["SOURCE_DATE_EPOCH"]): number {
  if (variable === undefined || variable === "") return 0;
  const seconds = TIME_PATTERN.test(variable) ? Number(variable) : SIZE_MAX;
  if (seconds >= SIZE_MAX) throw new FitError("AXV_FIT_TIME", variable);
  return seconds;
}
