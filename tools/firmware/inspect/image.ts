// What a raw image says of itself: the header that U-Boot's booti reads, and the blob, which lies somewhere behind the core.
import type { Blob, BlobRecord } from "../../../partitions/blob/codec.ts";
import { BlobError } from "../../../partitions/blob/errors.ts";
import { BLOB_MAGIC, BLOB_MAX_BYTES } from "../../../partitions/blob/layout.table.ts";
import { REGION_RAM } from "../../../partitions/blob/layout.table.ts";
import { readBlob } from "../../../partitions/blob/read.ts";
import { HEADER_SIZE, IMAGE_SIZE, parseArm64Image } from "../../../partitions/images/arm64-image.ts";
import type { Arm64Image } from "../../../partitions/images/arm64-image.ts";
import { recognise } from "../../../partitions/images/recognise.ts";
import { parseRiscvImage } from "../../../partitions/images/riscv-image.ts";
import { MIB } from "../../../partitions/units.ts";
import type { Source } from "../fit/source.ts";

/** Many times as large as a core; most are found in the first of these. */
const CORE_MAX = 16 * MIB;
const READ_FIRST = 2 * MIB;
const WORD = 8;

export interface FoundImage {
  readonly kind: "image";
  readonly bytes: number;
  /** Or what is wrong with it. */
  readonly header: Arm64Image | string;
  /** Where the blob begins, and what it says; or why there is none. */
  readonly system: { readonly at: number; readonly blob: Blob } | string;
}

export function inspectImage(source: Source): FoundImage {
  const upTo = (most: number): Uint8Array => {
    const room = new Uint8Array(Math.min(source.length, most));
    return room.subarray(0, source.fill(room, 0));
  };
  const bytes = upTo(READ_FIRST);
  // In a slot nothing else says how long it is.
  const said = bytes.length < HEADER_SIZE ? 0n : new DataView(bytes.buffer).getBigUint64(IMAGE_SIZE, true);
  const size = said === 0n || said > BigInt(source.length) ? source.length : Number(said);
  const near = findBlob(bytes);
  const parse = recognise(bytes).format === "riscv-image" ? parseRiscvImage : parseArm64Image;
  const isFurther = typeof near === "string" && source.length > READ_FIRST;
  const system = isFurther ? findBlob(upTo(CORE_MAX + BLOB_MAX_BYTES)) : near;
  return { kind: "image", bytes: source.length, header: parse(bytes, size), system };
}

/** The first place that begins as a blob does, and is one. */
function findBlob(bytes: Uint8Array): FoundImage["system"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let why = "nothing behind the header begins as a system blob does: it is somebody else's image";
  for (let at = HEADER_SIZE; at + WORD <= bytes.length && at <= CORE_MAX; at += WORD) {
    if (view.getUint32(at, true) !== Number(BLOB_MAGIC)) continue;
    try {
      return { at, blob: readBlob(bytes.subarray(at)) };
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      why = `at byte ${at}, ${error.message}`;
    }
  }
  return why;
}

const number = (record: BlobRecord, field: string): number => Number(record[field] ?? 0);

export interface FoundPartition {
  readonly name: string;
  /** pCPUs. */
  readonly cpus: readonly number[];
  /** Bytes of RAM. */
  readonly memory: number;
  readonly loads: readonly { readonly ipa: number; readonly bytes: number }[];
  readonly devices: number;
}

/** Of a blob whose fields may say anything: an index that leads nowhere leads to nothing. */
export function partitionsOf({ records }: Blob): FoundPartition[] {
  const part = (kind: string, partition: BlobRecord, field: string): readonly BlobRecord[] => {
    const first = number(partition, `${field}First`);
    return (records[kind] ?? []).slice(first, first + number(partition, `${field}Count`));
  };
  return (records["Partition"] ?? []).map((partition) => {
    const regions = part("Region", partition, "region");
    const ram = regions.filter((region) => number(region, "kind") === REGION_RAM);
    const mask = BigInt(number(partition, "cpus"));
    return {
      name: String(partition["name"]),
      cpus: Array.from({ length: 32 }, (_, n) => n).filter((n) => ((mask >> BigInt(n)) & 1n) === 1n),
      memory: ram.reduce((sum, region) => sum + number(region, "size"), 0),
      loads: part("Load", partition, "load").map((load) => ({ ipa: number(load, "target"), bytes: number(load, "size") })),
      devices: regions.length - ram.length,
    };
  });
}
