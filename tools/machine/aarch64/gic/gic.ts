// The interrupt controller of a simulated board, as the machine and its tests see it, whichever version it is: wires, banks of
// interrupt state, a physical and a virtual CPU interface for each pCPU, and registers by physical address.
import type { Controller } from "../../bus.ts";
import { hex, MachineError } from "../../errors.ts";
import type { InterruptBank } from "./bank.ts";
import type { CpuInterface } from "./cpuInterface.ts";
import type { VirtualInterface } from "./virtualInterface.ts";

export interface GicBoard {
  readonly gicVersion: 2 | 3;
  readonly gicd: number;
  /** GICv2's other frames; not looked at for GICv3. */
  readonly gicc: number;
  readonly gich: number;
  readonly gicv: number;
  /** And the first page of GICC is there again in the place of the second one. */
  readonly repeatsPages?: boolean;
  /** First INTID above the implemented SPIs: a multiple of 32, or 1020. */
  readonly spiLimit: number;
  readonly listRegisters: number;
  /** GICv3.1: extended SPIs, a multiple of 32. */
  readonly extendedSpis?: number;
  /** And extended PPIs of each pCPU: 32 or 64. */
  readonly extendedPpis?: number;
  /** GICv3: bits of preemption, 5 if left out; registers of active priorities follow from that. */
  readonly preemptionBits?: number;
  /** ICH_VTR_EL2.PRIbits + 1, if not five. */
  readonly priorityBits?: number;
  /** GICv3 without ICH_VTR_EL2.TDS: there is no ICH_HCR_EL2.TDIR. */
  readonly noDirTrap?: boolean;
  /** GICv4: PIDR2 says so, and a redistributor has two more frames (GICR_TYPER.VLPIS), which read as zeros. */
  readonly virtualLpis?: boolean;
  /** Two: firmware is Secure, and has left us Non-secure interrupts. */
  readonly securityStates: 1 | 2;
  /** GICv3 with two: ICC_PMR_EL1 and ICC_RPR_EL1 are as Secure state sees them (SCR_EL3.FIQ = 0). */
  readonly secureMask: boolean;
  /** GICv3 of QEMU 7.2, with two: ICC_AP1R0_EL1 takes no write (findings/qemu-gicv3-ap1r0-el3.sh). */
  readonly keepsActivePriorities?: boolean;
  readonly cpus: readonly GicBoardCpu[];
}

/** What of the GIC is one pCPU's. */
export interface GicBoardCpu {
  readonly mpidr: bigint;
  /** GICv3: its redistributor, as the plan has it; and where that is, if elsewhere. */
  readonly gicr: number;
  readonly frame?: number;
  /** GICv2: number of its CPU interface; its index if left out. */
  readonly interface?: number;
  /** As many list registers as the board says, if left out. */
  readonly listRegisters?: number;
}

export interface GicCpu {
  /** SGIs and PPIs. */
  readonly bank: InterruptBank;
  readonly physical: CpuInterface;
  readonly virtual: VirtualInterface;
}

export interface Distributor {
  /** SPIs. */
  readonly bank: InterruptBank;
  readonly spiLimit: number;
  /** Interrupts go out at all. */
  readonly forwards: boolean;
  /** Whatever says where SPIs go, by INTID. */
  readonly routes: readonly Uint32Array[];
}

export interface Gic extends Controller {
  readonly distributor: Distributor;
  readonly cpus: readonly GicCpu[];
  /** pCPUs that an SPI is routed to. */
  targets(intid: number): number[];
}

export function cpuOf<Cpu extends GicCpu>(gic: { readonly cpus: readonly Cpu[] }, n: number): Cpu {
  const cpu = gic.cpus[n];
  if (cpu === undefined) throw new MachineError("MACHINE_STATE", `there is no pCPU ${n}`);
  return cpu;
}

export const unmodelled = (what: "read" | "write", pa: number, bytes: number): MachineError =>
  new MachineError(
    "MACHINE_BUS", `${what} of ${bytes} bytes at ${hex(pa)}: the GIC has no such register there, or not of that width`,
  );
