// The board as the plan has it, and as the hardware says it is: what the core relies on is compared on the pCPU that can see it,
// before anything starts. A mismatch is one line on the UART, and nothing starts.

import {
  bound, cacheGeometry, mmioRead32, mmioRead64, mmioRead8, mrs_CLIDR_EL1, mrs_CNTFRQ_EL0, mrs_CTR_EL0, mrs_HCR_EL2,
  mrs_ID_AA64DFR0_EL1, mrs_ID_AA64MMFR0_EL1, mrs_ID_AA64PFR0_EL1, mrs_MPIDR_EL1,
} from "../../build/generated/aarch64";
import { blobCpu, blobPartition, header, machine, NONE, PARTITION_COUNT_EL2, PARTITION_PMU } from "../../build/generated/blob";
import { GICC_DIR, GICC_IIDR } from "./gicv2";
import { GIC_V3, GICR_BYTES, GICR_TYPER, ICPIDR2, intidLimit, isGicV2, ITARGETSR, PIDR2 } from "./gic";
import { PAGE_SHIFT } from "../../core/pages";
import { Vcpu } from "./vcpu";
import { lastSet, lineShift } from "./caches";
import { isSame } from "../../core/facts";
import { AFFINITY_MASK, HCR_E2H_SHIFT, ipaBits, PARANGE_MASK, PMU_V3P5, pmuVersion } from "./sysregs";

const VLPIS: u64 = 1 << 1; // GICR_TYPER.VLPIS: two more frames of 64 KiB belong to each redistributor (IHI 0069 §12.10)
/** What the loops of cache maintenance step by. */
const LINE_BYTES: u32 = 64;
const CACHE_LEVELS: u32 = 7;
const CTYPE_DATA: u64 = 2; // CLIDR_EL1.Ctype<n>: from here on there is a data or unified cache

let frequency: u64 = 0; // What the boot pCPU has: the others are to have the same

/** PIDR2.ArchRev */
@inline function revision(pidr2: u64): u32 { return (mmioRead32(pidr2) >> 4) & 15; }

/** On the boot pCPU, before anything is written to the GIC: what of it all pCPUs share. */
export function isControllerAsPlanned(): bool {
  const board = machine();
  const gicd = board.gicd;
  // A GICv2 has a page only, and a GICv3 zero at that place of it. GICv4 is GICv3 with more.
  let version = revision(gicd + ICPIDR2);
  if (!isGicV2() && version == 0) version = min(revision(gicd + PIDR2), GIC_V3);
  if (!isSame("GIC version", board.gicVersion, version)) return false;
  if (!isSame("GIC INTIDs", board.spiLimit, min(board.spiLimit, intidLimit()))) return false;
  // The second page has GICC_DIR alone; where the first one is there again, what deactivates would be a write to GICC_CTLR.
  if (isGicV2()) return isSame("GICC_IIDR + 4 KiB (see gicc)", 0, mmioRead32(board.gicc + GICC_DIR + GICC_IIDR));
  if (header().cpuCount == 1) return true;
  const stride = blobCpu(1).gicr - blobCpu(0).gicr;
  const least = (mmioRead64(blobCpu(0).gicr + GICR_TYPER) & VLPIS) != 0 ? 2 * GICR_BYTES : GICR_BYTES;
  return isSame("gicr_stride", stride, max(stride, least));
}

/** On each pCPU, before it does anything else. */
export function isPcpuAsPlanned(vcpu: Vcpu): bool {
  const bits = ipaBits(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK);
  const counted = mrs_CNTFRQ_EL0();
  if (vcpu.pcpu == 0) frequency = max<u64>(counted, 1);
  const line = min<u32>(LINE_BYTES, 4 << (<u32>(mrs_CTR_EL0() >> 16) & 15)); // CTR_EL0.DminLine
  const colours = header().colourCount;
  // RES1 without FEAT_E2H0: all that is written from here on is laid out for 0.
  if (!isSame("HCR_EL2.E2H (this CPU has VHE only)", 0, (mrs_HCR_EL2() >> HCR_E2H_SHIFT) & 1)) return false;
  if (!isSame("mpidr (boot pCPU first)", vcpu.id, mrs_MPIDR_EL1() & AFFINITY_MASK)) return false;
  if (!isSame("CNTFRQ_EL0", frequency, counted) || !isSame("PA bits", header().ipaBits, min(header().ipaBits, bits)) ||
    !isSame("cache line", LINE_BYTES, line)) return false;
  if (colours != 0 && !isSame("page colours", colours, min(colours, pageColours(colours)))) return false;
  // Its owner would see there what the hypervisor does for others (PMUVer; the benchmark may).
  const flags = vcpu.pcpu == header().housekeeper && vcpu.partition != NONE ? blobPartition(vcpu.partition).flags : 0;
  if ((flags & (PARTITION_PMU | PARTITION_COUNT_EL2)) == PARTITION_PMU &&
    !isSame("PMUVer where house is kept", PMU_V3P5, min(PMU_V3P5, pmuVersion(mrs_ID_AA64DFR0_EL1())))) return false;
  // With one interface only, ITARGETSR is RAZ/WI.
  if (isGicV2()) return header().cpuCount == 1 || isSame("CPU interface", vcpu.interface, mmioRead8(vcpu.bank + ITARGETSR));
  const planned = blobCpu(vcpu.pcpu).gicr;
  return isSame("GIC system registers", 1, min<u64>((mrs_ID_AA64PFR0_EL1() >> 24) & 15, 1)) &&
    isSame("gicr", planned, vcpu.gicr != 0 ? planned : 0);
}

/** Page colours of the last cache that CLIDR_EL1 tells of; as many as are `wanted` where it tells of none. */
function pageColours(wanted: u32): u32 {
  const levels = mrs_CLIDR_EL1();
  let last: u32 = 0;
  for (let level: u32 = 1; level <= CACHE_LEVELS; level++) {
    bound(level - 1, CACHE_LEVELS);
    if (((levels >> (3 * (level - 1))) & 7) >= CTYPE_DATA) last = level;
  }
  if (last == 0) return wanted;
  const geometry = cacheGeometry(last - 1);
  return <u32>((<u64>(lastSet(geometry) + 1) << lineShift(geometry)) >> PAGE_SHIFT);
}
