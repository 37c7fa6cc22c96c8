// QEMU's virt machine with aia=aplic-imsic,aia-guests=1, as a blob has it; and an image for it, of a blob and what it loads.
import { readFileSync } from "node:fs";
import type { Blob } from "../../partitions/blob/codec.ts";
import { UART_NS16550 } from "../../partitions/blob/layout.table.ts";
import { uartWords } from "../../partitions/blob/uart.ts";
import { encodeBlob } from "../../partitions/blob/write.ts";
import { Load } from "../../partitions/images/contents.ts";
import { coreMemory, imageLayout, packImage } from "../../tools/build/pack.ts";
import { CORE_RISCV64 } from "../../tools/build/programs.ts";
import { buildProvenCore } from "../../tools/verify/provenCore.ts";

export const UART = 0x1000_0000n;
export const UART_FACTS = { uartKind: UART_NS16550, uartShift: 0, uartWide: 0, uartDivisor: 0, noTree: 1 };
export const IMAGE = 0x8020_0000n;
export const BOARD = {
  imsic: 0x2800_0000n, imsicShift: 13, sources: 96, aplic: 0x0d00_0000n, timebase: 10_000_000, identities: 255,
};

/** Where guests that have a mailbox see it. */
export const MAILBOX_IPA = 0x9000_0000n;

/** What an image is made of. */
export interface Contents {
  readonly loads: readonly Uint8Array[];
  readonly harts: number;
  /** Where in the image each load stands, and how long it is there. */
  readonly blob: (sources: readonly number[], sizes: readonly number[]) => Blob;
}

/** The image, as QEMU's -kernel takes it. `alter` changes the blob before it is packed. */
export async function imageOf({ loads, blob }: Contents, alter?: (blob: Uint8Array) => void): Promise<Uint8Array> {
  const core = readFileSync((await buildProvenCore(() => {}, CORE_RISCV64)).binary);
  const blobSize = encodeBlob(blob([], [])).length;
  const { loadOffsets, loadSizes } = imageLayout(coreMemory("riscv64", core), blobSize, loads.map(({ length }) => length));
  const written = encodeBlob(blob(loadOffsets, loadSizes));
  alter?.(written);
  const packed = loads.map((bytes, n) => ({
    offset: loadOffsets[n] ?? 0, size: loadSizes[n] ?? 0, data: new Load(bytes.length, [{ at: 0, contents: bytes }]),
  }));
  const uart = uartWords({ uart: UART, ...UART_FACTS });
  return packImage({ isa: "riscv64", core, uart, blob: written, loads: packed }).bytes();
}
