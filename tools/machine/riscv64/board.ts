// The boards of RISC-V that are simulated: QEMU's virt machine with IMSICs and an APLIC (`-M virt,aia=aplic-imsic,aia-guests=1`),
// as far as the hypervisor can tell, of either version that Debian has.
import type { BoardFacts } from "../board.ts";
import { QEMU_10, QEMU_7 } from "./csrs.ts";
import type { Model } from "./csrs.ts";

export interface Board extends BoardFacts {
  readonly cpus: readonly { readonly hart: number }[];
  readonly model: Model;
  /** Interrupt files for guests, of each hart. */
  readonly guestFiles: number;
  /** From the image's first byte: where the hypervisor's own tables begin. */
  readonly ownRootOffset: number;
  /** The supervisor's domain of the APLIC; the first supervisor's interrupt file. */
  readonly aplic: number;
  readonly imsic: number;
}

const MIB = 0x10_0000;
const HARTS = 4;

/** Ticks of `time` in a second. */
export const TIMEBASE = 10_000_000;

export const qemuVirt: Board = {
  cpus: Array.from({ length: HARTS }, (_, hart) => ({ hart })),
  model: QEMU_10,
  guestFiles: 1,
  aplic: 0xd00_0000,
  imsic: 0x2800_0000,
  uart: 0x1000_0000,
  // OpenSBI keeps the first 2 MiB.
  ram: [{ pa: 0x8020_0000, size: 1022 * MIB }],
  devices: [{ pa: 0x1000_1000, size: 0x8000 }],
  imageBase: 0x8020_0000,
  imageSize: 0x16_0000,
  ownRootOffset: 0x1_b000,
  linearOffset: 0x2_0000,
  secondaryEntryOffset: 0x1000,
};

export const qemuVirt7: Board = { ...qemuVirt, model: QEMU_7 };
/** `-cpu rv64,smstateen=on` of QEMU 10.0. */
/** `sscofpmf=true` of QEMU 10.0; 7.2 has the property, and counts all the same. */
export const qemuVirtFilters: Board = { ...qemuVirt, model: { ...QEMU_10, filters: true } };
/** `v=true`, which both have. */
export const qemuVirtVectors: Board = { ...qemuVirt, model: { ...QEMU_10, hasVectors: true, hasVectorBits: true } };
/** Firmware before OpenSBI 1.0. */
export const qemuVirtUncounted: Board = { ...qemuVirt, model: { ...QEMU_10, counters: 0 } };
export const qemuVirtStateen: Board = { ...qemuVirt, model: { ...QEMU_10, hasStateen: true } };
