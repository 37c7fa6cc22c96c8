// What a plan says of the fields that AArch64's blob has (aarch64.table.ts).
import type { Aarch64Plan, Aarch64PlannedCpu as PlannedCpu, Aarch64PlannedPartition as PlannedPartition } from "../plan/plan.ts";
import * as table from "./aarch64.table.ts";
import { bitsOf } from "./bits.ts";
import type { BlobRecord } from "./codec.ts";

export function machineRecord({ gic, timers, pmu }: Aarch64Plan): BlobRecord {
  return {
    gicd: BigInt(gic.gicd),
    gicVersion: gic.version,
    spiLimit: gic.spiLimit,
    gicc: BigInt(gic.cpuInterface?.gicc ?? 0),
    gich: BigInt(gic.cpuInterface?.gich ?? 0),
    gicv: BigInt(gic.cpuInterface?.gicv ?? 0),
    hypervisorTimer: timers.hypervisor,
    virtualTimer: timers.virtual,
    physicalTimer: timers.physical,
    maintenance: gic.maintenance,
    refillEvent: pmu.refillEvent,
    busAccesses: pmu.busAccesses,
  };
}

export const cpuRecord = ({ mpidr, gicr, interface: number, pmuInterrupt }: PlannedCpu): BlobRecord => ({
  id: BigInt(mpidr),
  gicr: BigInt(gicr),
  interface: number,
  pmuInterrupt,
  reserved: 0,
});

export const flagsOf = ({ countEl2, trustedSgi, probesPriority }: PlannedPartition): number =>
  (countEl2 ? table.PARTITION_COUNT_EL2 : 0) +
  (trustedSgi ? table.PARTITION_TRUSTED_SGI : 0) +
  (probesPriority ? table.PARTITION_PROBES_PRIORITY : 0);

export const partitionRecord = ({ gicd, gicr, ppis }: PlannedPartition): BlobRecord => ({
  gicd: BigInt(gicd),
  gicr: BigInt(gicr ?? table.NO_GICR),
  ppis: bitsOf(ppis),
});
