// What boot does of AArch64 (core/boot.ts says when): what a pCPU's record has of the GIC, and the registers of each pCPU.

import {
  clearControls, dsbIsh, isb, mrs_ID_AA64DFR0_EL1, mrs_ID_AA64MMFR0_EL1, mrs_MIDR_EL1, mrs_PMCR_EL0, msr_CNTHCTL_EL2,
  msr_CPTR_EL2, msr_HCR_EL2, msr_HSTR_EL2, msr_MDCR_EL2, msr_VMPIDR_EL2, msr_VPIDR_EL2, msr_VTCR_EL2, msr_VTTBR_EL2,
  secondaryEntry, smc, tlbiAlle1is,
} from "../../build/generated/aarch64";
import {
  BlobCpu, blobPartition, NONE, PARTITION_COUNT_EL2, PARTITION_PMU, PARTITION_TRUSTED_SGI,
} from "../../build/generated/blob";
import { isDirect } from "../../core/blob";
import { Vcpu } from "./vcpu";
import { planBandwidth } from "./bandwidth";
import { splitWays } from "./clusterWays";
import { findListRegisters, initCpuInterface, priorityBits } from "./cpuInterface";
import { isGicV2, KICK_SGI } from "./gic";
import { planV2 } from "./gicv2";
import { planV3 } from "./gicv3";
import { setPriorityBits } from "./priorities";
import { askWorkarounds, CPU_ON, SMC64 } from "./psci";
import { SGIS } from "./sgis";
import { vttbrOf } from "./stage2";
import { CNTHCTL_GUEST, CPTR_GUEST, hasPmu, HCR_GUEST, MPIDR_RES1, mdcr, PARANGE_MASK, vtcr } from "./sysregs";

/** What the record of a pCPU (all zeros) and its vCPU has of the GIC. */
export function planIsaVcpu(vcpu: Vcpu, plan: BlobCpu): void {
  vcpu.id = plan.id;
  vcpu.pmuInterrupt = plan.pmuInterrupt;
  if (isGicV2()) planV2(vcpu, plan);
  else planV3(vcpu, plan);
  if (plan.partition == NONE) return;
  const partition = blobPartition(plan.partition);
  vcpu.gicdIpa = partition.gicd;
  vcpu.trusted = partition.flags & PARTITION_TRUSTED_SGI;
  vcpu.setOwned(0, partition.ppis | (isDirect(partition) ? SGIS & ~((<u32>1) << KICK_SGI) : 0));
}

/** Firmware starts the pCPU, with its index. False: it does not. */
export function startPcpu(vcpu: Vcpu): bool { return <i64>smc(CPU_ON | SMC64, vcpu.id, secondaryEntry(), vcpu.pcpu) == 0; }

/** The pCPU's own registers, that stay as they are from now on. False: it cannot be used, and that is said. */
export function initPcpu(vcpu: Vcpu): bool {
  if (vcpu.partition != NONE) {
    const flags = blobPartition(vcpu.partition).flags;
    const dfr0 = mrs_ID_AA64DFR0_EL1();
    msr_VTCR_EL2(vtcr(mrs_ID_AA64MMFR0_EL1() & PARANGE_MASK));
    msr_VTTBR_EL2(vttbrOf(vcpu.partition));
    msr_HCR_EL2(HCR_GUEST);
    msr_MDCR_EL2(mdcr((flags & PARTITION_PMU) != 0, (flags & PARTITION_COUNT_EL2) != 0, dfr0, hasPmu(dfr0) ? mrs_PMCR_EL0() : 0));
    msr_VPIDR_EL2(mrs_MIDR_EL1());
    msr_VMPIDR_EL2(MPIDR_RES1 | vcpu.index);
    planBandwidth(vcpu);
  }
  splitWays(vcpu);
  clearControls();
  askWorkarounds(vcpu);
  msr_CPTR_EL2(CPTR_GUEST);
  msr_HSTR_EL2(0);
  msr_CNTHCTL_EL2(CNTHCTL_GUEST);
  isb();
  tlbiAlle1is();
  dsbIsh();
  tlbiAlle1is(); // twice: stage2.ts says why
  dsbIsh();
  if (!initCpuInterface(vcpu)) return false;
  isb(); // it may wait for interrupts next
  findListRegisters(vcpu);
  if (vcpu.pcpu == 0) setPriorityBits(priorityBits());
  return true;
}
