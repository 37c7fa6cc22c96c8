// What only a GICv3 has: its CPU interface, physical (ICC_*, IHI 0069 §12.2) and virtual (ICH_*), in system registers of the
// pCPU; and redistributors (§12.10).

import {
  bound, clearPhysical, isb, mmioRead32, mmioRead64, mmioWrite32, mrs_ICC_AP1R0_EL1, mrs_ICC_BPR1_EL1, mrs_ICC_CTLR_EL1,
  mrs_ICC_IGRPEN1_EL1, mrs_ICC_PMR_EL1, mrs_ICC_SRE_EL2, msr_ICC_AP1R0_EL1, msr_ICC_BPR1_EL1, msr_ICC_CTLR_EL1, msr_ICC_EOIR1_EL1,
  msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, msr_ICC_SGI1R_EL1, msr_ICC_SRE_EL1, msr_ICC_SRE_EL2, msr_ICH_HCR_EL2,
} from "../../build/generated/aarch64";
import { BlobCpu, blobCpu, header, machine, MAX_CPUS } from "../../build/generated/blob";
import { mapDevice } from "../../core/ownMemory";
import { Vcpu } from "./vcpu";
import { LEVELS } from "./waiting";
import { EC_SYSREG, esrOf, sysreg } from "./esr";
import {
  GICD_CTLR, GICD_CTLR_DS, GICD_TYPER, GICR_BYTES, GICR_TYPER, GICR_WAKER, HIGHEST_GUEST_PRIORITY, ICENABLER, IGROUPR, IGRPMODR,
  isFollowed, KICK_SGI, PIDR2, RWP_EITHER, SGI1R_INTID_SHIFT, SGI_BASE, WAKER_CHILDREN_ASLEEP, WAKER_PROCESSOR_SLEEP,
} from "./gic";

/** SRE; FIQ and IRQ bypass (DFB, DIB) off. */
const ICC_SRE_ON: u64 = 7;
const ICC_SRE_ENABLE: u64 = 1 << 3;
export const ICC_CTLR_CBPR: u64 = 1 << 0;
export const ICC_CTLR_EOIMODE: u64 = 1 << 1;
const PMR_ALL: u32 = 0xff;

// GICD and GICR.
const ICENABLER_EXTENDED: u32 = 0x1400;
const TYPER_ESPI: u32 = 1 << 8;
const TYPER_ESPI_RANGE_SHIFT: u32 = 27;
const GICR_CTLR: u32 = 0x0000;
const CTLR_ENABLE_LPIS: u32 = 1 << 0;
/** GICR_TYPER.PPInum: words of extended PPIs, 2 at most. */
const TYPER_PPINUM_SHIFT: u32 = 27;
const EXTENDED_PPI_WORDS: u32 = 2;
const CTLR_ENABLE_GRP1NS: u32 = 1 << 1;
const CTLR_ARE_NS: u32 = 1 << 4;

/** Traps what is common to both groups (SGI*R, PMR, CTLR, DIR, RPR), and all of group 0. */
const ICH_HCR_TC: u64 = 1 << 10;
const ICH_HCR_TALL0: u64 = 1 << 11;

export const ICC_PMR_EL1: u32 = sysreg(3, 0, 4, 6, 0);
const MASK_WRITE: u32 = <u32>esrOf(EC_SYSREG) | ICC_PMR_EL1; // ESR_EL2 of MSR ICC_PMR_EL1, x0

/** With two Security states and SCR_EL3.FIQ = 0, PMR is the Secure view's, though IPRIORITYR is ours (IHI 0069 §4.8.6). */
let maskIsSecure: bool = false;

/** Each pCPU, once. */
export function initInterfaceV3(): void {
  msr_ICC_SRE_EL2(mrs_ICC_SRE_EL2() | ICC_SRE_ON | ICC_SRE_ENABLE);
  isb(); // ICC_* and ICH_* can be used from here on
  // The lowest of five bits: in our view of a GIC with two Security states there are but four.
  msr_ICC_PMR_EL1(1 << 3);
  maskIsSecure = mrs_ICC_PMR_EL1() != 0 && (mmioRead32(machine().gicd + GICD_CTLR) & GICD_CTLR_DS) == 0;
  parkV3();
}

/** ICC_PMR_EL1 = a priority as IPRIORITYR has it. */
@inline export function writeMask(priority: u32): void { msr_ICC_PMR_EL1(maskIsSecure ? 0x80 | (priority >> 1) : priority); }

/** The hypervisor's own interrupts alone come through. */
function parkV3(): void {
  writeMask(HIGHEST_GUEST_PRIORITY);
  // EOImode 1: EOIR1 drops the priority, and deactivating is left to the guest, through its list register (HW = 1).
  msr_ICC_CTLR_EL1((mrs_ICC_CTLR_EL1() & ~ICC_CTLR_CBPR) | ICC_CTLR_EOIMODE);
  isb(); // with CBPR, BPR1 is not written
  msr_ICC_BPR1_EL1(0);
  msr_ICC_AP1R0_EL1(0);
  msr_ICC_IGRPEN1_EL1(1);
}

/** The pCPU has no guest to run. A direct guest's registers are kept. */
export function closeV3(vcpu: Vcpu): void {
  if (vcpu.direct == 0) return writeMask(HIGHEST_GUEST_PRIORITY);
  if (vcpu.trusted != 0) vcpu.priorityMask = <u32>mrs_ICC_PMR_EL1();
  vcpu.interfaceControl = <u32>mrs_ICC_CTLR_EL1();
  msr_ICC_CTLR_EL1(vcpu.interfaceControl & ~<u32>ICC_CTLR_CBPR);
  isb(); // with CBPR, BPR1 reads as BPR0
  vcpu.binaryPoint = <u32>mrs_ICC_BPR1_EL1();
  vcpu.groupEnable = <u32>mrs_ICC_IGRPEN1_EL1();
  // What the guest has not ended yet may, with its binary point, count as urgent as the kick.
  vcpu.activePriorities = <u32>mrs_ICC_AP1R0_EL1();
  parkV3();
}

export function openV3(vcpu: Vcpu): void {
  msr_ICC_SRE_EL1(ICC_SRE_ON); // what was there before could have cleared it
  if (vcpu.direct == 0) return writeMask(PMR_ALL);
  msr_ICC_BPR1_EL1(vcpu.binaryPoint);
  msr_ICC_CTLR_EL1(vcpu.interfaceControl);
  msr_ICC_IGRPEN1_EL1(vcpu.groupEnable);
  msr_ICC_AP1R0_EL1(vcpu.activePriorities);
  if (vcpu.trusted != 0) msr_ICC_PMR_EL1(vcpu.priorityMask);
  else writeMask(directMask(vcpu));
  vcpu.maskTrap = maskIsSecure ? 0 : MASK_WRITE;
  // Group 0 may be firmware's, whoever is trusted.
  msr_ICH_HCR_EL2(vcpu.trusted != 0 ? ICH_HCR_TALL0 : ICH_HCR_TC | ICH_HCR_TALL0);
  isb();
}

/** Priority mask for a direct guest: as it wrote it, but the hypervisor's kick always comes through. */
@inline export function directMask(vcpu: Vcpu): u32 { return max<u32>(vcpu.priorityMask, HIGHEST_GUEST_PRIORITY); }

/** What a direct guest finds after its reset: nothing active, everything closed. */
export function resetDirectV3(vcpu: Vcpu): void {
  clearPhysical(); // but for AP1R0
  // QEMU, with two Security states, takes no write of AP1R0 (findings/qemu-gicv3-ap1r0-el3.sh): there each of the old life's is
  // ended.
  for (let i: u32 = 0; i < LEVELS && mrs_ICC_AP1R0_EL1() != 0; i++) {
    bound(i, LEVELS);
    msr_ICC_EOIR1_EL1(KICK_SGI);
  }
  vcpu.activePriorities = 0;
  vcpu.binaryPoint = 0;
  vcpu.interfaceControl = <u32>(mrs_ICC_CTLR_EL1() & ~(ICC_CTLR_CBPR | ICC_CTLR_EOIMODE));
  vcpu.groupEnable = 0;
}

export function planV3(vcpu: Vcpu, plan: BlobCpu): void {
  vcpu.gicr = redistributorOf(plan.id);
  vcpu.bank = vcpu.gicr + SGI_BASE;
  const aff0 = plan.id & 0xff;
  vcpu.sgiTarget = ((plan.id >> 32) & 0xff) << 48 | ((plan.id >> 16) & 0xff) << 32 | ((plan.id >> 8) & 0xff) << 16 |
    (aff0 >> 4) << 44 | <u64>1 << (aff0 & 15);
}

/** PA of the redistributor that has that affinity (GICR_TYPER, upper half), among those that the plan knows; 0: none has. A frame
 *  without PIDR2 is none: a GICv4's further ones read as zeros. */
function redistributorOf(mpidr: u64): u64 {
  const affinity = ((mpidr >> 8) & 0xff000000) | (mpidr & 0xffffff);
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    const gicr = blobCpu(n).gicr;
    if (mmioRead64(gicr + GICR_TYPER) >> 32 == affinity && mmioRead32(gicr + PIDR2) != 0) return gicr;
  }
  return 0;
}

/** Each pCPU's redistributor; the distributor is mapped. */
export function mapV3(): void {
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    mapDevice(blobCpu(n).gicr, GICR_BYTES);
  }
}

@inline export function sendSgiV3(target: Vcpu, intid: u32): void {
  msr_ICC_SGI1R_EL1(target.sgiTarget | (<u64>intid << SGI1R_INTID_SHIFT));
}

/** All SPIs, in words of 32, in our group, and the distributor on. */
export function enableDistributorV3(words: u32): void {
  const gicd = machine().gicd;
  for (let word: u32 = 1; word < words; word++) {
    bound(word - 1, 31);
    mmioWrite32(gicd + (word << 2) + IGROUPR, 0xffffffff);
    mmioWrite32(gicd + (word << 2) + IGRPMODR, 0);
  }
  // Extended SPIs, which nobody gets (GICD_TYPER.ESPI, ESPI_range).
  const type = mmioRead32(gicd + GICD_TYPER);
  for (let word: u32 = 0; (type & TYPER_ESPI) != 0 && word <= type >> TYPER_ESPI_RANGE_SHIFT; word++) {
    bound(word, 32);
    mmioWrite32(gicd + ICENABLER_EXTENDED + (word << 2), 0xffffffff);
  }
  mmioWrite32(gicd + GICD_CTLR, CTLR_ARE_NS | CTLR_ENABLE_GRP1NS);
}

/** False: the pCPU's redistributor does not follow, and that is said. */
export function wakeRedistributor(vcpu: Vcpu): bool {
  const gicr = vcpu.gicr;
  mmioWrite32(gicr + GICR_CTLR, 0);
  // Not every GIC lets go of LPIs once they are enabled (CES): then it goes on writing firmware's tables, in whosever memory they
  // are now.
  if (!isFollowed("GICR_CTLR (EnableLPIs, RWP)", gicr + GICR_CTLR, CTLR_ENABLE_LPIS | RWP_EITHER)) return false;
  mmioWrite32(gicr + GICR_WAKER, mmioRead32(gicr + GICR_WAKER) & ~WAKER_PROCESSOR_SLEEP);
  if (!isFollowed("GICR_WAKER.ChildrenAsleep", gicr + GICR_WAKER, WAKER_CHILDREN_ASLEEP)) return false;
  // Extended PPIs (ICENABLER<n>E), which nobody gets.
  for (let word: u32 = min(mmioRead32(gicr + GICR_TYPER) >> TYPER_PPINUM_SHIFT, EXTENDED_PPI_WORDS); word != 0; word--) {
    bound(EXTENDED_PPI_WORDS - word, EXTENDED_PPI_WORDS);
    mmioWrite32(vcpu.bank + ICENABLER + (word << 2), 0xffffffff);
  }
  return true;
}

export function groupBankV3(vcpu: Vcpu): void {
  mmioWrite32(vcpu.bank + IGROUPR, 0xffffffff);
  mmioWrite32(vcpu.bank + IGRPMODR, 0);
}
