// Systems of RISC-V for the simulated machine: two harts for the first partition, one for the second, one that is spare. Their
// blob is written by hand, as there is no plan of that ISA yet.
import * as abi from "../../../core/abi.ts";
import type { Blob, BlobRecord } from "../../../partitions/blob/codec.ts";
import { NONE, PARTITION_AUTOSTART, PARTITION_DIRECT, REGION_RAM } from "../../../partitions/blob/layout.table.ts";
import { UART_KIND } from "../../../partitions/blob/riscv64.table.ts";
import { encodeBlob } from "../../../partitions/blob/write.ts";
import { qemuVirt, TIMEBASE } from "../../../tools/machine/riscv64/board.ts";
import type { Board } from "../../../tools/machine/riscv64/board.ts";
import { machineFor } from "../../../tools/machine/riscv64/core.ts";
import type { Riscv64Machine } from "../../../tools/machine/riscv64/machine.ts";

/** Where each partition has its memory, for itself and physically. */
export const IPA = 0x8020_0000;
export const MEMORY = [0x8800_0000, 0x9000_0000] as const;
export const MEMORY_BYTES = 0x20_0000;
/** The second partition's hart, and the spare one. */
export const [NEIGHBOUR, SPARE] = [2, 3];
/** Behind the core: the blob has its largest size there, then comes what partitions load. */
const LOADS = 0x4000;
const LOAD_BYTES = 64;

export const IMAGES = [1, 2].map((n) => Uint8Array.from({ length: LOAD_BYTES }, (_, at) => (at * 7 + n) & 0xff));

export interface Riscv64Spec {
  readonly board?: Board;
  readonly onFailure?: number;
  readonly direct?: boolean;
  /** What of a sound blob is not as it should be. */
  readonly alter?: (sound: Blob) => Blob;
}

function blobOf({ board = qemuVirt, onFailure = abi.ON_FAILURE_STOP, direct = false }: Riscv64Spec): Blob {
  const reserved = 0;
  const owners = [0, 0, 1, NONE];
  const partition = (n: number, name: string): BlobRecord => ({
    name, flags: PARTITION_AUTOSTART + (direct ? PARTITION_DIRECT : 0), onFailure,
    cpus: n === 0 ? 0b11 : 0b100, bootCpu: n === 0 ? 0 : NEIGHBOUR,
    entry: BigInt(IPA), argument: 0n, seed: 0n, console: 0n, consoleInterrupt: 0, mailbox: 0n, tags: 0n, tagBytes: 0, controls: 0,
    watchdogMicroseconds: 0, bandwidthRefills: 0, bandwidthMicroseconds: 0, clusterWays: 0,
    regionFirst: n, regionCount: 1, interruptFirst: 0, interruptCount: 0, loadFirst: n, loadCount: 1,
    channelFirst: 0, channelCount: 0, quiesceFirst: 0, quiesceCount: 0,
  });
  return {
    isa: "riscv64",
    header: {
      imageBase: BigInt(board.imageBase), hypervisorSize: 0x40_0000n, uart: BigInt(board.uart), uartKind: UART_KIND,
      housekeeper: SPARE,
      tickMicroseconds: 1000, telemetryMilliseconds: 100, colourCount: 0, ipaBits: 40,
    },
    machine: {
      imsic: BigInt(board.imsic), imsicShift: 13, sources: 96, aplic: BigInt(board.aplic), timebase: TIMEBASE, identities: 255,
    },
    records: {
      Cpu: board.cpus.map(({ hart }, n) => ({
        id: BigInt(hart), partition: owners[n] ?? NONE, vcpu: n === 1 ? 1 : 0, guestFiles: board.guestFiles, reserved,
      })),
      Partition: [partition(0, "first"), partition(1, "second")],
      Region: MEMORY.map((pa) => ({
        ipa: BigInt(IPA), pa: BigInt(pa), size: BigInt(MEMORY_BYTES), kind: REGION_RAM, access: 7, colours: 0, reserved,
      })),
      Load: IMAGES.map(({ length }, n) => ({
        source: BigInt(board.imageSize + LOADS + n * LOAD_BYTES), target: BigInt(IPA),
        size: BigInt(length), zeros: BigInt(length),
      })),
      Ram: board.ram.map(({ pa, size }) => ({ base: BigInt(pa), size: BigInt(size) })),
    },
  };
}

/** At reset. */
export function machineOf(spec: Riscv64Spec = {}): Riscv64Machine {
  const { board = qemuVirt, alter = (sound: Blob): Blob => sound } = spec;
  const memory = MEMORY.map((pa) => ({ pa, size: MEMORY_BYTES }));
  return machineFor(board, {
    blob: encodeBlob(alter(blobOf(spec))), partitionMemory: memory, privateMemory: memory, silencers: [],
    loads: IMAGES.map((bytes, n) => ({ source: board.imageSize + LOADS + n * LOAD_BYTES, bytes })),
  });
}
