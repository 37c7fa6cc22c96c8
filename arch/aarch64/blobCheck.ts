// What a blob has of AArch64's, when core/blobCheck.ts comes to it: the promises that are its own in promises.table.ts.

import {
  BLOB_BAD_CPU, BLOB_BAD_INTERRUPT, BLOB_BAD_REGION, BLOB_BAD_TABLE, BLOB_OK, BlobCpu, blobCpu, BlobPartition, BlobRegion, header,
  machine, MAX_CPUS, MPIDR_AFFINITY, NO_GICR, PARTITION_PMU, PARTITION_TRUSTED_SGI,
} from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { isDirect } from "../../core/blob";
import { claimFrame, claimLine, claimWindow } from "../../core/blobCheck";
import { PAGE_BYTES } from "../../core/pages";
import { FIRST_SPECIAL, FIRST_SPI } from "./interrupts";
import { GICC_BYTES, gicdBytes, GICH_BYTES, GICR_BYTES, isGicV2 } from "./gic";

/** A GICv2's CPU interfaces that pCPUs have so far. */
let interfaces: u32 = 0;

/** spiLimit, ownPpis, frames. */
export function checkMachine(): u32 {
  const board = machine();
  if ((board.spiLimit & 31) != 0 && board.spiLimit != FIRST_SPECIAL) return BLOB_BAD_INTERRUPT;
  // One PPI for two things would be taken for either.
  if (popcnt(ownPpis()) != 4) return BLOB_BAD_INTERRUPT;
  const free = claimFrame(board.gicd, gicdBytes());
  if (!free || !isGicV2()) return free ? BLOB_OK : BLOB_BAD_TABLE;
  const hasV2 = claimFrame(board.gicc, GICC_BYTES) && claimFrame(board.gich, GICH_BYTES) && claimFrame(board.gicv, GICC_BYTES);
  return hasV2 ? BLOB_OK : BLOB_BAD_TABLE;
}

/** Bits of the PPIs that all pCPUs have for the same things. */
function ownPpis(): u32 {
  const board = machine();
  return <u32>1 << board.hypervisorTimer | <u32>1 << board.maintenance | <u32>1 << board.virtualTimer |
    <u32>1 << board.physicalTimer;
}

/** affinity, pmuInterrupt, frames, interfaceApart. */
export function checkIsaCpu(cpu: BlobCpu): u32 {
  if ((cpu.id & ~MPIDR_AFFINITY) != 0) return BLOB_BAD_CPU;
  // INTID 0 is none: a PMU that is not wired is in nobody's way.
  const pmu = cpu.pmuInterrupt;
  if (pmu < FIRST_SPI ? (ownPpis() >> pmu & 1) != 0 : !isLine(pmu)) return BLOB_BAD_INTERRUPT;
  if (!isGicV2()) return claimFrame(cpu.gicr, GICR_BYTES) ? BLOB_OK : BLOB_BAD_TABLE;
  const before = interfaces;
  interfaces |= <u32>1 << cpu.interface;
  return interfaces != before ? BLOB_OK : BLOB_BAD_CPU;
}

/** flags, bandwidth, pmuInterrupt, windows, ppis. */
export function checkIsaPartition(partition: BlobPartition): u32 {
  const board = machine();
  if ((partition.flags & PARTITION_TRUSTED_SGI) != 0 && (!isDirect(partition) || isGicV2())) return BLOB_BAD_TABLE;
  let pmus: u32 = 0;
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    if (((partition.cpus >> n) & 1) == 0) continue;
    const pmu = blobCpu(n).pmuInterrupt;
    if (pmu < FIRST_SPI) pmus |= <u32>1 << pmu;
    if (partition.bandwidthRefills == 0) continue;
    if (pmu == 0) return BLOB_BAD_TABLE;
    if (pmu >= FIRST_SPI && !claimLine(pmu)) return BLOB_BAD_INTERRUPT;
  }
  if (!claimWindow(partition.gicd, gicdBytes())) return BLOB_BAD_REGION;
  const noGicr = isGicV2() ? partition.gicr != NO_GICR : !claimWindow(partition.gicr, GICR_BYTES * <u64>popcnt(partition.cpus));
  if (noGicr) return BLOB_BAD_REGION;
  const pmu = (partition.flags & PARTITION_PMU) != 0 ? pmus & ~1 : 0; // INTID 0: not wired
  const timers = <u32>1 << board.virtualTimer | <u32>1 << board.physicalTimer;
  return (partition.ppis & ~pmu) == timers ? BLOB_OK : BLOB_BAD_INTERRUPT;
}

/** An SPI that the GIC has. */
export function isLine(intid: u32): bool { return intid >= FIRST_SPI && intid < machine().spiLimit; }

/** interface: where a GICv2's guest talks to its own pCPU's, the virtual or the direct one. All pCPUs have theirs at one PA. */
export function isControllerRegion(partition: BlobPartition, region: BlobRegion): bool {
  if (!isGicV2()) return false;
  // GICC's second page is GICC_DIR, by which anybody's interrupt could be deactivated.
  if (isDirect(partition)) return region.pa == machine().gicc && region.size == PAGE_BYTES;
  return region.pa == machine().gicv && region.size == GICC_BYTES;
}
