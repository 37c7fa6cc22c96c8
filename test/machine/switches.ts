// What hardware may do, as the architecture allows it, and this machine does only where a test asks for it.

export interface Switches {
  /** A vCPU that comes by CPU_ON meets what its last life has left in its pCPU's TLB and instruction cache: pCPUs are not reset in between. */
  readonly cpuOnFindsResidue: boolean;
  /** Firmware has used all RAM with its caches on, and left them as they were. */
  readonly firmwareLeavesLines: boolean;
}

export const SWITCHES: Switches = { cpuOnFindsResidue: false, firmwareLeavesLines: false };
