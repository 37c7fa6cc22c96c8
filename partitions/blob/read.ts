// Blob → what it says. Nothing is believed: magic, version, length, checksum and every array's place are checked first,
// as the core does it.
import { crc32 } from "node:zlib";
import { arrayFields, readRecord } from "./codec.ts";
import type { BlobRecord, BlobRecords } from "./codec.ts";
import { BLOB_MAGIC, BLOB_MAX_BYTES, BLOB_VERSION, HEADER, place, RECORDS } from "./layout.table.ts";
import { CHECKSUM_FROM } from "./write.ts";

export type BlobErrorCode = "AXV-P070" | "AXV-P071" | "AXV-P072" | "AXV-P073" | "AXV-P074";

export class BlobError extends Error {
  readonly code: BlobErrorCode;

  constructor(code: BlobErrorCode, message: string) {
    super(`${code}: ${message}; build it again with \`axv-part build\``);
    this.name = "BlobError";
    this.code = code;
  }
}

export interface Blob {
  readonly header: BlobRecord;
  readonly records: BlobRecords;
}

export function readBlob(bytes: Uint8Array): Blob {
  const headerSize = place(HEADER).size;
  if (bytes.length < headerSize) throw new BlobError("AXV-P071", `the blob has ${bytes.length} bytes, fewer than its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readRecord(view, 0, HEADER);
  const number = (field: string): number => Number(header[field]);
  if (header["magic"] !== BLOB_MAGIC) throw new BlobError("AXV-P070", "this is no system blob: it does not begin with AXVB");
  if (header["version"] !== BLOB_VERSION) {
    throw new BlobError("AXV-P072", `the blob has version ${number("version")}, and this tool reads version ${BLOB_VERSION}`);
  }
  const size = number("size");
  if (size < headerSize || size > BLOB_MAX_BYTES || size > bytes.length) {
    throw new BlobError("AXV-P071", `the blob is cut off: its header says ${size} bytes, and ${bytes.length} are there`);
  }
  if (header["checksum"] !== crc32(bytes.subarray(CHECKSUM_FROM, size))) {
    throw new BlobError("AXV-P073", "the blob's checksum is wrong: it was altered after it was written");
  }
  const records: Record<string, BlobRecord[]> = {};
  for (const layout of RECORDS) {
    const names = arrayFields(layout);
    const [base, count, stride] = [number(names.offset), number(names.count), place(layout).size];
    if (base < headerSize || base + count * stride > size) {
      throw new BlobError("AXV-P074", `the blob's array of ${layout.name} does not lie inside it`);
    }
    records[layout.name] = Array.from({ length: count }, (_, index) => readRecord(view, base + index * stride, layout));
  }
  return { header, records };
}
