// The image that boots: core, then blob, then what is loaded into partitions. Its first bytes are the header of a Linux Image of
// its ISA, so that U-Boot's booti and QEMU's -kernel take it. Offsets count from the first byte of the hypervisor's memory, where
// what is zero at first lies in no file (`before`):
//
//  0             before         core's memory
//  ┌─ ─ ─ ─ ─ ─ ┬─────────────┬──────┬────────┬─ ─ ─
//  │ zeros       │ core's file │ blob │ load 0 │          the image's file begins with the core's
//  └─ ─ ─ ─ ─ ─ ┴─────────────┴──────┴────────┴─ ─ ─
import type { UartWords } from "../../partitions/blob/uart.ts";
import { Load } from "../../partitions/images/contents.ts";
import { BuildError } from "./errors.ts";
import { TARGETS } from "./targets/index.ts";
import type { Isa } from "./targets/target.ts";

export const LOAD_ALIGN = 64;
const BLOB_ALIGN = 8;

/** Offset in the header, whichever ISA's it is. */
const IMAGE_SIZE = 16;
/** Behind the header: which UART the board has, so that the core can say what is wrong even with the blob. */
const UART_BYTES = 16;
const WORD_BYTES = 8;

export interface ImageLayout {
  readonly blobOffset: number;
  /** In the order of the sizes. */
  readonly loadOffsets: readonly number[];
  /** Sizes as they are in the image: multiples of LOAD_ALIGN. */
  readonly loadSizes: readonly number[];
  /** Bytes of all that, the zeros in front included. */
  readonly total: number;
}

export interface ImageLoad {
  readonly offset: number;
  /** A multiple of LOAD_ALIGN; what data does not fill is zero. */
  readonly size: number;
  readonly data: Load;
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Bytes of zeros in front of an image, or of a core. */
export const beforeImage = (isa: Isa, image: Uint8Array): number =>
  TARGETS[isa].imageHeader.before(new DataView(image.buffer, image.byteOffset, TARGETS[isa].imageHeader.bytes));

/** Bytes that the core takes in memory, its file's and the zeros in front of it. */
export const coreMemory = (isa: Isa, core: Uint8Array): number => beforeImage(isa, core) + core.length;

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

export function packImage(
  parts: { isa: Isa; core: Uint8Array; uart: UartWords; blob: Uint8Array; loads: readonly ImageLoad[] },
): Load {
  const { blob, loads } = parts;
  const core = new Uint8Array(parts.core);
  const uart = checkHeader(parts.isa, core);
  const before = beforeImage(parts.isa, core);
  const layout = imageLayout(before + core.length, blob.length, loads.map(({ data }) => data.length));
  const total = layout.total - before;
  const loaded = loads.flatMap(({ offset, size, data }, index) => {
    if (offset !== layout.loadOffsets[index] || size !== layout.loadSizes[index]) {
      throw new BuildError("image-layout", `load ${index} of ${data.length} bytes at ${offset}, in ${size} bytes`);
    }
    return data.parts.map(({ at, contents }) => ({ at: offset - before + at, contents }));
  });
  const header = new DataView(core.buffer);
  header.setBigUint64(IMAGE_SIZE, BigInt(total), true);
  parts.uart.forEach((word, n) => header.setBigUint64(uart + n * WORD_BYTES, word, true));
  return new Load(total, [{ at: 0, contents: core }, { at: core.length, contents: blob }, ...loaded]);
}

/** Gives back where the header ends. */
function checkHeader(isa: Isa, core: Uint8Array): number {
  const { bytes, title, wrong } = TARGETS[isa].imageHeader;
  const refuse = (what: string): never => {
    throw new BuildError("image-header", `${what} (${title})`);
  };
  if (core.length < bytes + UART_BYTES) refuse(`the core has ${core.length} bytes`);
  const what = wrong(new DataView(core.buffer, core.byteOffset, bytes));
  if (what !== undefined) refuse(what);
  return bytes;
}
