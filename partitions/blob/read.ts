// Blob → what it says. Nothing is believed: magic, version, ISA, length, checksum and every array's place are checked
// first, as the core does it.
import { crc32 } from "node:zlib";
import { ISAS } from "../../boards/isa.ts";
import { arrayFields, fixedPart, readRecord } from "./codec.ts";
import type { Blob, BlobRecord } from "./codec.ts";
import { BlobError } from "./errors.ts";
import { place } from "./field.ts";
import { isaOf, layoutOf } from "./isas.ts";
import { BLOB_MAGIC, BLOB_MAX_BYTES, BLOB_VERSION, HEADER } from "./layout.table.ts";
import { CHECKSUM_FROM } from "./write.ts";

export function readBlob(bytes: Uint8Array): Blob {
  const headerSize = place(HEADER).size;
  if (bytes.length < headerSize) throw new BlobError("AXV-P071", `${bytes.length} bytes, fewer than its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readRecord(view, 0, HEADER);
  const number = (field: string): number => Number(header[field]);
  if (header["magic"] !== BLOB_MAGIC) throw new BlobError("AXV-P070", `0x${number("magic").toString(16)} at its start`);
  if (header["version"] !== BLOB_VERSION) throw new BlobError("AXV-P072", `${number("version")}, not ${BLOB_VERSION}`);
  const isa = isaOf(header["isa"]);
  if (isa === undefined) throw new BlobError("AXV-P076", `${number("isa")}, none of ${ISAS.join(", ")}`);
  const size = number("size");
  const fixed = fixedPart(isa);
  if (size < fixed.size || size > BLOB_MAX_BYTES || size > bytes.length) {
    throw new BlobError("AXV-P071", `its header says ${size} bytes, and ${bytes.length} are there`);
  }
  if (header["checksum"] !== crc32(bytes.subarray(CHECKSUM_FROM, size))) {
    throw new BlobError("AXV-P073", `${size} bytes`);
  }
  const { machine, records: layouts } = layoutOf(isa);
  const records: Record<string, BlobRecord[]> = {};
  for (const layout of layouts) {
    const names = arrayFields(layout);
    const [base, count, stride] = [number(names.offset), number(names.count), place(layout).size];
    if (base < fixed.size || base + count * stride > size) {
      throw new BlobError("AXV-P074", `${count} × ${layout.name} at ${base}`);
    }
    records[layout.name] = Array.from({ length: count }, (_, index) => readRecord(view, base + index * stride, layout));
  }
  return { isa, header, machine: readRecord(view, fixed.machineAt, machine), records };
}
