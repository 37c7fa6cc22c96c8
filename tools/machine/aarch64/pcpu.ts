// One pCPU of AArch64: its system registers, its timers, its share of the GIC.
import { PCpu as Common } from "../pcpu.ts";
import type { Clock } from "../clock.ts";
import { hex, MachineError } from "../errors.ts";
import type { GicCpu } from "./gic/gic.ts";
import { DebugRegisters } from "./debugRegisters.ts";
import { Pmu } from "./pmu.ts";
import { CACHES, RESET, UNKNOWN } from "./registers.ts";
import type { Registers } from "./registers.ts";
import { Timer } from "./timers.ts";

/** ID_AA64DFR0_EL1.PMUVer */
const DFR0_PMUVER = 0xfn << 8n;

export interface Peripherals {
  readonly maintenance: number;
  readonly hypervisorTimer: number;
  readonly virtualTimer: number;
  readonly physicalTimer: number;
  readonly pmuInterrupt: number;
  /** SPIs of the PMUs, one for each pCPU; left out: they have that PPI. */
  readonly pmuSpis?: readonly number[];
  /** Whether there are performance monitors at all. */
  readonly pmu: boolean;
  /** PMCEID0_EL0: a Cortex-A53's if left out. */
  readonly commonEvents?: bigint;
  /** What pCPUs have otherwise at reset: all of them, and one. */
  readonly registers?: Partial<Registers>;
  readonly cpus: readonly { readonly registers?: Partial<Registers> }[];
  /** CCSIDR_EL1 by CSSELR_EL1. */
  readonly caches?: readonly bigint[];
}

/** V0…V31. */
export const VECTORS = 32;
export const VECTOR_BYTES = 16;

export class PCpu extends Common {
  readonly mpidr: bigint;
  readonly registers: Registers;
  readonly gic: GicCpu;
  readonly vectors = new DataView(new ArrayBuffer(VECTORS * VECTOR_BYTES));
  readonly virtualTimer: Timer;
  readonly physicalTimer: Timer;
  readonly hypervisorTimer: Timer;
  readonly pmu: Pmu;
  readonly debug: DebugRegisters;
  /** PSTATE while the guest runs; ELR_EL2 and SPSR_EL2 hold PC and PSTATE while it does not. */
  pstate = 0n;
  /** In WFI, until an interrupt is signalled to it; in WFE, until one is that PSTATE lets in, or an event is (D1.6.1). */
  override asleep: "wfi" | "wfe" | undefined = undefined;
  /** A physical SError, of what it did last. */
  serrorPending = false;
  /** The Event Register. */
  event = false;
  /** Lines of L1 flushed by set and way. */
  readonly flushed: { readonly way: number; readonly set: number }[] = [];
  private readonly peripherals: Peripherals;

  constructor(index: number, mpidr: bigint, gic: GicCpu, clock: Clock, peripherals: Peripherals) {
    super(index);
    this.mpidr = mpidr;
    this.gic = gic;
    this.peripherals = peripherals;
    // Bit 31 of MPIDR_EL1 is RES1 (D17.2.101).
    this.registers = {
      ...RESET, MPIDR_EL1: mpidr | 0x8000_0000n, ...peripherals.registers, ...peripherals.cpus[index]?.registers,
    };
    if (!peripherals.pmu) this.registers.ID_AA64DFR0_EL1 &= ~DFR0_PMUVER;
    this.virtualTimer = new Timer(clock, () => this.registers.CNTVOFF_EL2);
    this.physicalTimer = new Timer(clock, () => 0n);
    this.hypervisorTimer = new Timer(clock, () => 0n);
    this.debug = new DebugRegisters(this.registers.ID_AA64DFR0_EL1);
    this.pmu = new Pmu(this.registers, peripherals.pmu, peripherals.commonEvents);
  }

  /** CCSIDR_EL1 of the data or unified cache of a level; UNKNOWN where there is none. */
  cacheGeometry(level: number): bigint {
    return (this.peripherals.caches ?? CACHES)[2 * level] ?? UNKNOWN;
  }

  /** DC CISW: a line of L1 that is there, or who knows what happens. */
  flushLine(operand: number): void {
    const geometry = this.cacheGeometry(0);
    const wide = ((this.registers.ID_AA64MMFR2_EL1 >> 20n) & 0xfn) !== 0n;
    const ways = Number((geometry >> 3n) & (wide ? 0x1f_ffffn : 0x3ffn));
    const sets = Number(wide ? (geometry >> 32n) & 0xff_ffffn : (geometry >> 13n) & 0x7fffn);
    const line = Number(geometry & 7n) + 4;
    const way = Math.clz32(ways) === 32 ? 0 : Math.floor(operand / 2 ** Math.clz32(ways));
    const set = Math.floor((operand % (ways === 0 ? 2 ** 32 : 2 ** Math.clz32(ways))) / 2 ** line);
    if (way > ways || set > sets || operand % 2 ** line !== 0) {
      throw new MachineError(
        "MACHINE_UNDEFINED", `DC CISW, way ${way}, set ${set}: there are ${ways + 1} of ${sets + 1} (operand ${hex(operand)})`,
      );
    }
    this.flushed.push({ way, set });
  }

  /** Brings the wires of its private peripherals up to date. */
  refreshLines(): void {
    const { bank } = this.gic;
    bank.setLine(this.peripherals.maintenance, this.gic.virtual.maintenance);
    bank.setLine(this.peripherals.hypervisorTimer, this.hypervisorTimer.output);
    bank.setLine(this.peripherals.virtualTimer, this.virtualTimer.output);
    bank.setLine(this.peripherals.physicalTimer, this.physicalTimer.output);
    if (this.peripherals.pmuSpis === undefined) bank.setLine(this.peripherals.pmuInterrupt, this.pmu.interrupt);
  }
}
