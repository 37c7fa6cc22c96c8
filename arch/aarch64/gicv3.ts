// GICv3's CPU interface, physical (ICC_*, IHI 0069 §12.2) and virtual (ICH_*): system registers of the pCPU.

import {
  clearPhysical, isb, mmioRead32, mrs_ICC_PMR_EL1, mrs_ICC_BPR1_EL1, mrs_ICC_CTLR_EL1, mrs_ICC_AP1R0_EL1, mrs_ICC_IGRPEN1_EL1, mrs_ICC_SRE_EL2, msr_ICC_AP1R0_EL1, msr_ICC_BPR1_EL1, msr_ICC_CTLR_EL1,
  msr_ICC_EOIR1_EL1, msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, msr_ICC_SRE_EL1, msr_ICC_SRE_EL2, msr_ICH_HCR_EL2,
} from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { machine } from "../../build/generated/blob";
import { Vcpu } from "./vcpu";
import { LEVELS } from "./waiting";
import { EC_SYSREG, esrOf, sysreg } from "./esr";
import { GICD_CTLR, GICD_CTLR_DS, HIGHEST_GUEST_PRIORITY, KICK_SGI } from "./gic";

const ICC_SRE_SRE: u64 = 1;
const ICC_SRE_DFB_DIB: u64 = 6;
const ICC_SRE_ENABLE: u64 = 1 << 3;
export const ICC_CTLR_CBPR: u64 = 1 << 0;
export const ICC_CTLR_EOIMODE: u64 = 1 << 1;
const PMR_ALL: u32 = 0xff;

/** Traps what is common to both groups (SGI*R, PMR, CTLR, DIR, RPR), and all of group 0. */
const ICH_HCR_TC: u64 = 1 << 10;
const ICH_HCR_TALL0: u64 = 1 << 11;

export const ICC_PMR_EL1: u32 = sysreg(3, 0, 4, 6, 0);
/** ESR_EL2 of MSR ICC_PMR_EL1, x0. */
const MASK_WRITE: u32 = <u32>esrOf(EC_SYSREG) | ICC_PMR_EL1;

/** With two Security states and SCR_EL3.FIQ = 0, PMR is the Secure view's, though IPRIORITYR is ours (IHI 0069 §4.8.6). */
let maskIsSecure: bool = false;

/** Each pCPU, once. */
export function initInterfaceV3(): void {
  msr_ICC_SRE_EL2(mrs_ICC_SRE_EL2() | ICC_SRE_SRE | ICC_SRE_DFB_DIB | ICC_SRE_ENABLE);
  isb(); // ICC_* and ICH_* can be used from here on
  // The lowest of five bits: in our view of a GIC with two Security states there are but four.
  msr_ICC_PMR_EL1(1 << 3);
  maskIsSecure = mrs_ICC_PMR_EL1() != 0 && (mmioRead32(machine().gicd + GICD_CTLR) & GICD_CTLR_DS) == 0;
  parkV3();
}

/** ICC_PMR_EL1 = a priority as IPRIORITYR has it. */
@inline export function writeMask(priority: u32): void {
  msr_ICC_PMR_EL1(maskIsSecure ? 0x80 | (priority >> 1) : priority);
}

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

/** The pCPU runs its guest. */
export function openV3(vcpu: Vcpu): void {
  msr_ICC_SRE_EL1(ICC_SRE_SRE | ICC_SRE_DFB_DIB); // what was there before could have cleared it
  if (vcpu.direct == 0) return writeMask(PMR_ALL);
  msr_ICC_BPR1_EL1(vcpu.binaryPoint);
  msr_ICC_CTLR_EL1(vcpu.interfaceControl);
  msr_ICC_IGRPEN1_EL1(vcpu.groupEnable);
  msr_ICC_AP1R0_EL1(vcpu.activePriorities);
  if (vcpu.trusted != 0) msr_ICC_PMR_EL1(vcpu.priorityMask);
  else writeMask(directMask(vcpu));
  vcpu.maskTrap = maskIsSecure ? 0 : MASK_WRITE;
  msr_ICH_HCR_EL2(vcpu.trusted != 0 ? ICH_HCR_TALL0 : ICH_HCR_TC | ICH_HCR_TALL0); // group 0 may be firmware's, whoever is trusted
  isb();
}

/** Priority mask for a direct guest: as it wrote it, but the hypervisor's kick always comes through. */
@inline export function directMask(vcpu: Vcpu): u32 { return max<u32>(vcpu.priorityMask, HIGHEST_GUEST_PRIORITY); }

/** What a direct guest finds after its reset: nothing active, everything closed. */
export function resetDirectV3(vcpu: Vcpu): void {
  clearPhysical(); // but for AP1R0
  // QEMU, with two Security states, takes no write of AP1R0 (findings/qemu-gicv3-ap1r0-el3.sh): there each of the old life's is ended.
  for (let i: u32 = 0; i < LEVELS && mrs_ICC_AP1R0_EL1() != 0; i++) {
    bound(i, LEVELS);
    msr_ICC_EOIR1_EL1(KICK_SGI);
  }
  vcpu.activePriorities = 0;
  vcpu.binaryPoint = 0;
  vcpu.interfaceControl = <u32>(mrs_ICC_CTLR_EL1() & ~(ICC_CTLR_CBPR | ICC_CTLR_EOIMODE));
  vcpu.groupEnable = 0;
}
