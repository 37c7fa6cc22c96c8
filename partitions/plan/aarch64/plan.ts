// What of a plan is AArch64's.

export interface Aarch64Machine {
  readonly gic: {
    readonly gicd: number;
    readonly version: 2 | 3;
    /** GICv2: PAs of the CPU interfaces: physical, of the hypervisor, virtual; null: another version. */
    readonly cpuInterface: { readonly gicc: number; readonly gich: number; readonly gicv: number } | null;
    readonly spiLimit: number;
    readonly maintenance: number;
  };
  /** CNTFRQ_EL0 in Hz; null: the board does not say. */
  readonly counterHz: number | null;
  /** INTIDs. */
  readonly timers: { readonly hypervisor: number; readonly virtual: number; readonly physical: number };
  readonly pmu: {
    /** The event that counts what `bandwidth` limits. */
    readonly refillEvent: number;
    /** Bus accesses that a refill is worth: these are counted instead, where a PMU counts them; 0: never. */
    readonly busAccesses: number;
    /** It cannot leave EL2 out: a guest that has it sees what the hypervisor does on its pCPUs. */
    readonly countsEl2: boolean;
  };
}

export interface Aarch64Cpu {
  readonly mpidr: number;
  /** PA of its redistributor; GICv2: 0. */
  readonly gicr: number;
  /** GICv2: number of its CPU interface; 0 otherwise. */
  readonly interface: number;
  /** INTID of its PMU's overflow, a PPI or an SPI; 0: not wired. */
  readonly pmuInterrupt: number;
}

/** Where a partition sees its emulated GIC. */
export interface Aarch64Windows {
  readonly gicd: number;
  /** Null: a GICv2 has none. */
  readonly gicr: number | null;
}

export interface Aarch64Partition extends Aarch64Windows {
  /** And its PMU is to count EL2, too, on any pCPU: the benchmark's alone. */
  readonly countEl2: boolean;
  /** Its SGIs, and what else it does with its CPU interface, are not looked at. */
  readonly trustedSgi: boolean;
  /** It waits until INTID 32 has a priority, whoever has that interrupt. */
  readonly probesPriority: boolean;
  /** INTIDs, 16…31. */
  readonly ppis: readonly number[];
}
