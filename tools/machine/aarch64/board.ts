// The boards that are simulated: the facts a machine is built from. `qemuVirt` is QEMU's virt machine with GICv3, as far as
// the hypervisor can tell, `qemuVirtGicv2` the same with gic-version=2; what they say must be what boards/qemu-aarch64/board.yaml
// and boards/qemu-aarch64-gicv2/board.yaml say.
import type { ClusterUnit } from "./cluster.ts";
import type { FirmwareCpu, Workarounds } from "./firmware.ts";
import type { GicBoard, GicBoardCpu } from "./gic/gic.ts";
import type { BoardFacts } from "../board.ts";
import type { Peripherals } from "./pcpu.ts";
import type { Registers } from "./registers.ts";

export interface Board extends BoardFacts, GicBoard, Peripherals {
  readonly cpus: readonly (GicBoardCpu & FirmwareCpu & { readonly registers?: Partial<Registers> })[];
  /** What firmware has against speculation, and has left on: UARTIMSC. */
  readonly workarounds?: Workarounds;
  readonly uartMask?: number;
  /**
   * Every trap of a guest takes the long way, as an access of another form does: what the vectors could do by themselves
   * (quickTraps.ts) they do not.
   */
  readonly fullTraps?: boolean;
  /** An invalidation of the TLB has an effect when it is made twice (Cortex-A55 erratum 2441007). */
  readonly repeatsTlbi?: boolean;
  /** A DynamIQ Shared Unit, for the ways of the L3 cache. */
  readonly cluster: ClusterUnit;
  /**
   * 64 bits of the firmware's TRNG, 0: it has none at the moment; without this key firmware knows neither TRNG nor SMCCC_VERSION.
   */
  readonly trng?: () => bigint;
  /** SYSTEM_RESET reaches the firmware, which does nothing but note it. */
  readonly resets?: true;
  /** RNDR, where ID_AA64ISAR0_EL1 says that it is there. */
  readonly rndr?: () => bigint;
  /** From the image's first byte: where the first stage 1 tables are. */
  readonly stage1RootOffset: number;
}

/** INTID of a pCPU's PMU. */
export const pmuOf = ({ pmuSpis, pmuInterrupt }: Board, pcpu: number): number => pmuSpis?.[pcpu] ?? pmuInterrupt;

const MIB = 0x10_0000;
const GICR_FIRST = 0x080a_0000;
const GICR_STRIDE = 0x2_0000;

export const qemuVirt: Board = {
  gicVersion: 3,
  gicd: 0x0800_0000,
  gicc: 0, gich: 0, gicv: 0,
  spiLimit: 256,
  listRegisters: 4,
  securityStates: 1, secureMask: false,
  cpus: Array.from({ length: 4 }, (_, n) => ({ mpidr: BigInt(n), gicr: GICR_FIRST + n * GICR_STRIDE })),
  maintenance: 25,
  hypervisorTimer: 26,
  virtualTimer: 27,
  physicalTimer: 30,
  pmuInterrupt: 23,
  uart: 0x0900_0000,
  pmu: true,
  cluster: "absent",
  ram: [{ pa: 0x4000_0000, size: 1024 * MIB }],
  devices: [{ pa: 0x0a00_0000, size: 0x4000 }, { pa: 0x0901_0000, size: 0x1000 }],
  imageBase: 0x4020_0000,
  imageSize: 0x13_0000,
  linearOffset: 0x2_0000,
  stage1RootOffset: 0x1_b000,
  secondaryEntryOffset: 0x1000,
};

export const qemuVirtGicv2: Board = {
  ...qemuVirt,
  gicVersion: 2, spiLimit: 288,
  gicc: 0x0801_0000, gich: 0x0803_0000, gicv: 0x0804_0000,
  cpus: qemuVirt.cpus.map(({ mpidr }) => ({ mpidr, gicr: 0 })),
};
