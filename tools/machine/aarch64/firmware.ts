// EL3: the firmware behind SMC, which is to say its PSCI (Arm DEN 0022). It starts secondary pCPUs; which of them have been
// asked for is for the test to look at. A guest's SMC must never get here: anything but what our hypervisor itself has
// reason to ask is an error.
import { hex, MachineError } from "../errors.ts";
import type { StartRequest } from "../machine.ts";

export const PSCI_VERSION = 0x8400_0000;
export const PSCI_CPU_OFF = 0x8400_0002;
export const PSCI_CPU_ON_64 = 0xc400_0003;
export const PSCI_AFFINITY_INFO_64 = 0xc400_0004;
export const PSCI_SYSTEM_OFF = 0x8400_0008;
export const PSCI_SYSTEM_RESET = 0x8400_0009;
export const PSCI_FEATURES = 0x8400_000a;

export const SMCCC_VERSION = 0x8000_0000;
export const TRNG_RND64 = 0xc400_0053;
export const TRNG_VERSION = 0x8400_0050;

const VERSION_1_0 = 0x0001_0000;
const VERSION_1_1 = 0x0001_0001;
const NOT_SUPPORTED = -1;
export const PSCI_SUCCESS = 0;
export const PSCI_INVALID_PARAMETERS = -2;
export const PSCI_ALREADY_ON = -4;

export const SMCCC_ARCH_FEATURES = 0x8000_0001;
/** What ARCH_FEATURES is for each function that firmware has. */
export type Workarounds = Readonly<Record<number, number>>;

export interface FirmwareCpu {
  readonly mpidr: bigint;
  /** CPU_ON succeeds, and nothing comes of it. */
  readonly dead?: boolean;
}

export class Firmware {
  /** Every SMC made, by function: for a test to see that guests cause none. */
  readonly calls: number[] = [];
  /** pCPUs started and not yet picked up by the machine. */
  readonly started: StartRequest[] = [];
  private readonly on: boolean[];
  private readonly cpus: readonly FirmwareCpu[];
  private readonly trng: (() => bigint) | undefined;

  private readonly workarounds: Workarounds | undefined;
  private readonly resets: boolean;

  /** Without `trng` and `workarounds` it is of before SMCCC 1.1. */
  constructor(cpus: readonly FirmwareCpu[], bootCpu: number, trng?: () => bigint, workarounds?: Workarounds, resets?: true) {
    this.resets = resets === true;
    this.cpus = cpus;
    this.trng = trng;
    this.workarounds = workarounds;
    this.on = cpus.map((_, n) => n === bootCpu);
  }

  call(fn: number, x1: bigint, x2: bigint, x3: bigint): bigint {
    this.calls.push(fn);
    switch (fn) {
      // 1.0 is the first that has PSCI_FEATURES, which TRNG is asked by
      case PSCI_VERSION: return BigInt(this.trng !== undefined ? VERSION_1_0 : VERSION_1_1);
      case PSCI_SYSTEM_RESET: if (this.resets) return BigInt.asUintN(64, BigInt(NOT_SUPPORTED));
      break;
      case PSCI_CPU_ON_64: return BigInt(this.cpuOn(x1, x2, x3));
      case PSCI_FEATURES:
        return BigInt(
          (this.trng !== undefined || this.workarounds !== undefined) && Number(x1) === SMCCC_VERSION
            ? PSCI_SUCCESS
            : NOT_SUPPORTED
        );
      // Without SMCCC_VERSION it need not survive what it does not know.
      case TRNG_VERSION: if (this.trng !== undefined) return BigInt(VERSION_1_0);
      if (this.workarounds !== undefined) return BigInt.asUintN(64, -1n);
      break;
      case SMCCC_ARCH_FEATURES: return BigInt.asUintN(64, BigInt(this.workarounds?.[Number(x1)] ?? -1));
      default: if ((this.workarounds?.[fn] ?? -1) >= 0) return 0n;
    }
    throw new MachineError("MACHINE_FIRMWARE", `SMC ${hex(fn)} reached the firmware: it has no such function`);
  }

  /** TRNG_RND64 (DEN 0098), for 64 bits. */
  entropy(): bigint {
    this.calls.push(TRNG_RND64);
    if (this.trng === undefined) throw new MachineError("MACHINE_FIRMWARE", "TRNG_RND64 reached a firmware that has none");
    return this.trng();
  }

  private cpuOn(target: bigint, entry: bigint, context: bigint): number {
    const pcpu = this.cpus.findIndex(({ mpidr }) => mpidr === target);
    if (pcpu < 0) return PSCI_INVALID_PARAMETERS;
    if (this.on[pcpu] === true) return PSCI_ALREADY_ON;
    this.on[pcpu] = true;
    if (this.cpus[pcpu]?.dead !== true) this.started.push({ pcpu, entry: Number(entry), context });
    return PSCI_SUCCESS;
  }
}
