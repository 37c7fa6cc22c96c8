// What an image consists of, down to its last byte:
//
//   0            16            64        80                     core's size
//  ┌────────────┬─────────────┬─────────┬────────────── ─ ─ ───┬──────┬───┬────────┬─ ─ ─┬────────┐
//  │ core       │ image_size  │ UART    │ core                 │ blob │ 0 │ load 0 │     │ load n │   loads: multiples of 64
//  └────────────┴─────────────┴─────────┴────────────── ─ ─ ───┴──────┴───┴────────┴─ ─ ─┴────────┘
//
// In memory zeros lie in front of it, and offsets in the blob count from those (tools/build/pack.ts).
// image_size and UART are what the packer writes into the core (tools/build/pack.ts): they follow from the blob and the file.
import type { Blob } from "../../partitions/blob/codec.ts";
import { BlobError } from "../../partitions/blob/errors.ts";
import { readBlob } from "../../partitions/blob/read.ts";
import { uartWords } from "../../partitions/blob/uart.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { HEADER_SIZE, IMAGE_SIZE } from "../../partitions/images/arm64-image.ts";
import { alignUp, hex, PAGE } from "../../partitions/units.ts";
import { beforeImage, imageLayout } from "../build/pack.ts";
import { declaredBy } from "./declared.ts";
import type { Core } from "./core.ts";
import type { Declared } from "./declared.ts";

const WORD = 8;
const UART_WORDS = 2;

export interface Image {
  readonly bytes: Uint8Array;
  /** What its first bytes have to be, but for what the packer writes there. */
  readonly core: Uint8Array;
  readonly blob: Uint8Array;
  /** Or why it cannot be read. */
  readonly said: { readonly blob: Blob; readonly declared: Declared } | string;
}

export interface ReadImage extends Image {
  readonly said: { readonly blob: Blob; readonly declared: Declared };
}

export function openImage(bytes: Uint8Array, { binary: core, isa }: Core): Image {
  const behind = bytes.subarray(core.length);
  try {
    const blob = readBlob(behind);
    if (blob.isa !== isa) return { bytes, core, blob: behind, said: `it is for ${blob.isa}, and the core for ${isa}` };
    return { bytes, core, blob: behind.subarray(0, Number(blob.header["size"])), said: { blob, declared: declaredBy(blob) } };
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    return { bytes, core, blob: behind, said: error.message };
  }
}

export const isRead = (image: Image): image is ReadImage => typeof image.said !== "string";

const written = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true);

/** As the core reads them. */
export const uartIn = ({ bytes }: Image): readonly [bigint, bigint] =>
  [written(bytes, HEADER_SIZE), written(bytes, HEADER_SIZE + WORD)];

/** The first byte of the core that is another one; those that the packer writes are looked at by headerFindings. */
export function coreFindings({ bytes, core }: Image): string[] {
  if (bytes.length < core.length)
    return [`the file has ${bytes.length} bytes, and the core alone ${core.length}: it is cut off`];
  const isPackers = (at: number): boolean =>
    (at >= IMAGE_SIZE && at < IMAGE_SIZE + WORD) || (at >= HEADER_SIZE && at < HEADER_SIZE + UART_WORDS * WORD);
  for (let at = 0; at < core.length; at++) {
    if (bytes[at] === core[at] || isPackers(at)) continue;
    return [`byte ${hex(at)} is 0x${(bytes[at] ?? 0).toString(16)}, and this tool builds 0x${(core[at] ?? 0).toString(16)}`];
  }
  return [];
}

export function headerFindings(image: ReadImage): string[] {
  const { bytes, said: { blob } } = image;
  const findings: string[] = [];
  const size = written(bytes, IMAGE_SIZE);
  if (size !== BigInt(bytes.length)) findings.push(`image_size in the header is ${size}, and the file has ${bytes.length} bytes`);
  const uart = uartIn(image);
  const planned = uartWords(blob.header);
  if (uart.some((word, n) => word !== planned[n]))
    findings.push(`the UART behind the header is ${uart.map(hexOf).join()}, and that of the blob ${planned.map(hexOf).join()}`);
  return findings;
}

const hexOf = (value: bigint): string => `0x${value.toString(16)}`;

/** Every byte of it follows from what it says: arrays in order, nothing between them, what is reserved is 0. */
export function blobFindings({ blob: bytes, said: { blob } }: ReadImage): string[] {
  const again = encodeBlob(blob);
  const other = again.findIndex((byte, n) => byte !== bytes[n]);
  const at = other < 0 && bytes.length > again.length ? again.length : other;
  const findings = at < 0 ? [] : [`its byte ${hex(at)} is not as the tool writes what it says`];
  for (const [kind, records] of Object.entries(blob.records)) {
    records.forEach((record, n) => {
      if ((record["reserved"] ?? 0) !== 0) findings.push(`${kind} ${n}: what is reserved is ${String(record["reserved"])}`);
    });
  }
  return findings;
}

/** Loads lie where the packer puts them, and nothing else is in the file. */
export function layoutFindings({ bytes, core, blob, said: { blob: { isa }, declared } }: ReadImage): string[] {
  const { loads, hypervisorSize } = declared;
  const before = beforeImage(isa, core);
  const { loadOffsets, total } = imageLayout(before + core.length, blob.length, loads.map(({ stored }) => stored));
  const findings: string[] = [];
  loads.forEach(({ source }, n) => {
    const place = loadOffsets[n] ?? 0;
    if (source !== place) findings.push(`load ${n} is said to be at ${hex(source)}, and lies at ${hex(place)}`);
  });
  const end = total - before;
  if (end !== bytes.length) findings.push(`blob and loads end at ${hex(end)}, and the file at ${hex(bytes.length)}`);
  const first = (loadOffsets[0] ?? total) - before;
  if (bytes.subarray(core.length + blob.length, first).some((byte) => byte !== 0))
    findings.push(`between blob and loads, ${hex(core.length + blob.length)}…${hex(first)}, there is something`);
  const whole = alignUp(before + bytes.length, PAGE);
  if (hypervisorSize !== whole)
    findings.push(`the hypervisor's memory is said to have ${hypervisorSize} bytes, and the image takes ${whole}`);
  return findings;
}
