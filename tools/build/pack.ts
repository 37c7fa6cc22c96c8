// The image that boots: core, then blob, then what is loaded into partitions. Its first 64 bytes are the header of a
// Linux arm64 Image (Linux, Documentation/arch/arm64/booting.rst), so that U-Boot's booti and QEMU's -kernel take it.
import { BuildError } from "./errors.ts";

export const LOAD_ALIGN = 64;
const BLOB_ALIGN = 8;

// The header: offset of each field that matters here.
const TEXT_OFFSET = 8;
const IMAGE_SIZE = 16;
const FLAGS = 24;
const MAGIC = 56;
/** Behind the header: PA of the board's UART, so that the core can say what is wrong even with the blob. */
const UART = 64;
const HEADER_BYTES = 72;
const ARM64_MAGIC = 0x644d5241; // "ARM\x64" in memory
const FLAG_BIG_ENDIAN = 1n;
const FLAG_PAGE_SIZE = 6n;
const FLAG_PAGE_4K = 2n;
const FLAG_ANYWHERE = 8n;

export interface ImageLayout {
  readonly blobOffset: number;
  /** In the order of the sizes. */
  readonly loadOffsets: readonly number[];
  /** Sizes as they are in the image: multiples of LOAD_ALIGN. */
  readonly loadSizes: readonly number[];
  /** Bytes of the whole image. */
  readonly total: number;
}

export interface ImageLoad {
  readonly offset: number;
  /** A multiple of LOAD_ALIGN; what data does not fill is zero. */
  readonly size: number;
  readonly data: { readonly length: number; copyTo(target: Uint8Array): void };
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Where everything goes, from sizes alone: the planner writes the offsets into the blob before there is an image. */
export function imageLayout(coreSize: number, blobSize: number, loadSizes: readonly number[]): ImageLayout {
  // The core looks for the blob right behind its own last byte.
  if (coreSize % BLOB_ALIGN !== 0)
    throw new BuildError("image-layout", `the core's size ${coreSize} is not a multiple of ${BLOB_ALIGN}`);
  let at = align(coreSize + blobSize, LOAD_ALIGN);
  const sizes = loadSizes.map((size) => align(size, LOAD_ALIGN));
  const loadOffsets = sizes.map((size) => {
    const offset = at;
    at += size;
    return offset;
  });
  return { blobOffset: coreSize, loadOffsets, loadSizes: sizes, total: at };
}

export function packImage(parts: { core: Uint8Array; uart: bigint; blob: Uint8Array; loads: readonly ImageLoad[] }): Uint8Array {
  const { core, blob, loads } = parts;
  checkHeader(core);
  const layout = imageLayout(core.length, blob.length, loads.map(({ data }) => data.length));
  const image = new Uint8Array(layout.total);
  image.set(core, 0);
  image.set(blob, layout.blobOffset);
  loads.forEach(({ offset, size, data }, index) => {
    if (offset !== layout.loadOffsets[index] || size !== layout.loadSizes[index]) {
      throw new BuildError("image-layout", `load ${index} of ${data.length} bytes at ${offset}, in ${size} bytes`);
    }
    data.copyTo(image.subarray(offset, offset + data.length));
  });
  new DataView(image.buffer).setBigUint64(IMAGE_SIZE, BigInt(image.length), true);
  new DataView(image.buffer).setBigUint64(UART, parts.uart, true);
  return image;
}

function checkHeader(core: Uint8Array): void {
  const refuse = (what: string): never => {
    throw new BuildError("image-header", what);
  };
  if (core.length < HEADER_BYTES) refuse(`the core has ${core.length} bytes`);
  const header = new DataView(core.buffer, core.byteOffset, HEADER_BYTES);
  if (header.getUint32(MAGIC, true) !== ARM64_MAGIC) refuse(`no "ARM\\x64" at offset ${MAGIC}`);
  if (header.getBigUint64(TEXT_OFFSET, true) !== 0n) refuse("text_offset is not 0");
  const flags = header.getBigUint64(FLAGS, true);
  const wanted = FLAG_PAGE_4K | FLAG_ANYWHERE;
  if ((flags & (FLAG_BIG_ENDIAN | FLAG_PAGE_SIZE | FLAG_ANYWHERE)) !== wanted)
    refuse(`flags are 0x${flags.toString(16)}, not 0x${wanted.toString(16)}`);
}
