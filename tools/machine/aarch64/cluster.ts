// A cluster's DynamIQ Shared Unit (Arm 100453 §2.4), as far as its L3 cache's ways go: one CLUSTERPARTCR_EL1 for all pCPUs, and
// for each a scheme ID. Whether EL2 may reach them is firmware's to say; that there is such a unit, the board's.
import { MachineError } from "../errors.ts";

/** absent: UNDEFINED. readOnly: firmware forbids writing, and so our probe says no as well. */
export type ClusterUnit = "absent" | "readOnly" | "writable";

const SCHEME_MASK = 7;

export class Cluster {
  /** CLUSTERPARTCR_EL1: four bits for each scheme ID, a way group each. */
  partition = 0;
  /** CLUSTERTHREADSID_EL1 of each pCPU. */
  readonly schemes: number[];
  private readonly unit: ClusterUnit;

  constructor(unit: ClusterUnit, pcpus: number) {
    this.unit = unit;
    this.schemes = new Array<number>(pcpus).fill(0);
  }

  get probe(): number {
    return this.unit === "writable" ? 1 : 0;
  }

  setPartition(value: number): void {
    this.mustExist("CLUSTERPARTCR_EL1");
    this.partition = value;
  }

  setScheme(pcpu: number, value: number): void {
    this.mustExist("CLUSTERTHREADSID_EL1");
    if ((value & ~SCHEME_MASK) !== 0) {
      throw new MachineError("MACHINE_UNDEFINED", `CLUSTERTHREADSID_EL1 = ${value}: a scheme ID has three bits`);
    }
    this.schemes[pcpu] = value;
  }

  private mustExist(register: string): void {
    if (this.unit !== "writable") {
      throw new MachineError("MACHINE_UNDEFINED", `${register} written, and it cannot be on this board: probe first`);
    }
  }
}
