// What a new life of a vCPU finds in the registers of its pCPU that an earlier one could have written: nothing of it. The lists
// of registers, and when they are there: aarch64.table.ts, RESETS.

import {
  bound, clearEl1, clearPmu, clearTimers, clearVectors, dropSerror, dsbSy, icIallu, isb, mrs_ID_AA64DFR0_EL1, mrs_PMCR_EL0,
  msr_CNTVOFF_EL2, msr_ELR_EL2, msr_PMSELR_EL0, msr_PMXEVTYPER_EL0, msr_SCTLR_EL1, msr_SPSR_EL2, msr_TCR_EL1, tlbiVmalle1,
} from "../../build/generated/aarch64";
import { PARTITION_OWN_CLOCK } from "../../build/generated/blob";
import { Partition } from "../../core/partition";
import { forgetAsks } from "./interruptState";
import { startBandwidth, stopBandwidth } from "./bandwidth";
import { resetDirect, resetVirtualInterface } from "./cpuInterface";
import { resetDebug } from "./debug";
import { quietBank, WAKER_CHILDREN_ASLEEP, WAKER_PROCESSOR_SLEEP } from "./gic";
import { FIRST_SPI } from "./interrupts";
import { releaseHeld } from "./listRegisters";
import { XZR } from "./registers";
import { SGIS, takeSgis } from "./sgis";
import {
  hasPmu, HCR_DIRECT_CLOSED, HCR_GUEST, HCR_TVM, PMCR_N_MASK, PMCR_N_SHIFT, PSTATE_DAIF, PSTATE_EL1H, SCTLR_EL1_RESET, TCR_EPD,
} from "./sysregs";
import { Vcpu } from "./vcpu";
import { setPriority } from "./vgicr";

const CYCLE_COUNTER: u32 = 31; // PMSELR_EL0: PMXEVTYPER_EL0 is PMCCFILTR_EL0, the cycle counter's

/** The vCPU begins at `entry` with x0 = `context`, and finds nothing of an earlier life. */
export function resetVcpu(vcpu: Vcpu, partition: Partition, entry: u64, context: u64): void {
  for (let n: u32 = 1; n < XZR; n++) {
    bound(n - 1, XZR - 1);
    vcpu.setRegister(n, 0);
  }
  vcpu.x0 = context;
  resetEl1();
  resetVirtualInterface();
  forgetAsks(vcpu, partition);
  resetPrivateLines(vcpu);
  vcpu.hcr = (vcpu.direct != 0 ? HCR_DIRECT_CLOSED : HCR_GUEST) | HCR_TVM;
  if (vcpu.direct != 0) resetDirect(vcpu);
  if (vcpu.refills != 0) startBandwidth(vcpu);
  msr_ELR_EL2(entry);
  msr_SPSR_EL2(PSTATE_EL1H | PSTATE_DAIF);
  // CNTVCT is CNTPCT less this. One clock for all: what two partitions stamp can be compared.
  msr_CNTVOFF_EL2((partition.plan.flags & PARTITION_OWN_CLOCK) != 0 ? partition.started : 0);
}

/** A vCPU's SGIs and PPIs as after a reset. On a GICv2 only its own pCPU reaches (and its guest sees) the physical ones. */
export function resetPrivateLines(vcpu: Vcpu): void {
  quietBank(vcpu, vcpu.owned(0));
  for (let n: u32 = 0; n < FIRST_SPI; n++) {
    bound(n, 32);
    setPriority(vcpu, n, 0);
  }
  takeSgis(vcpu, SGIS);
  vcpu.sgiEnabled = vcpu.gicv2 != 0 ? SGIS : 0; // GICv2: always (IHI 0048 §4.3.5 lets an implementation)
  vcpu.waker = WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP;
}

/** The vCPU has left its guest for good: nothing of it goes on by itself, is pending or active. */
export function quietVcpu(vcpu: Vcpu): void {
  quietEl1();
  releaseHeld(vcpu);
  quietBank(vcpu, vcpu.owned(0));
  if (vcpu.refills != 0) stopBandwidth(vcpu);
}

/** What is the guest's own, or decides what it does: registers, timers, PMU; and the TLB and instruction cache of its pCPU. */
function resetEl1(): void {
  // No walk by old registers and new ones (Cortex-A55 erratum 1530923, and its like): none at all until SCTLR_EL1.M is 0.
  msr_TCR_EL1(TCR_EPD);
  isb();
  clearEl1();
  msr_SCTLR_EL1(SCTLR_EL1_RESET);
  isb();
  msr_TCR_EL1(0);
  clearVectors();
  resetDebug();
  quietEl1();
  if (hasPmu(mrs_ID_AA64DFR0_EL1())) resetPmu();
  tlbiVmalle1();
  dsbSy();
  tlbiVmalle1(); // twice: stage2.ts says why
  icIallu();
  dsbSy();
}

function resetPmu(): void {
  const counters = <u32>(mrs_PMCR_EL0() >> PMCR_N_SHIFT) & <u32>PMCR_N_MASK;
  for (let n: u32 = 0; n <= counters; n++) {
    bound(n, CYCLE_COUNTER + 1);
    msr_PMSELR_EL0(n < counters ? n : CYCLE_COUNTER);
    isb();
    msr_PMXEVTYPER_EL0(0);
  }
  clearPmu();
}

/** What would go on by itself: timers, and an SError of the guest's last accesses, which the next life would be blamed for. */
function quietEl1(): void {
  clearTimers();
  dropSerror();
}
