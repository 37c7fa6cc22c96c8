// The interrupt controller as a guest with one vCPU and one interrupt needs it, a timer's PPI. GICv3 (IHI 0069): distributor
// and redistributor by memory, CPU interface by system registers. GICv2 (IHI 0048): both by memory. The CPU says which.
import { bound } from "../../../build/generated/cpu";
import {
  isb, mmioRead32, mmioWrite32, mrs_ICC_IAR1_EL1, mrs_ID_AA64PFR0_EL1, msr_ICC_BPR1_EL1, msr_ICC_CTLR_EL1, msr_ICC_EOIR1_EL1,
  msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, msr_ICC_SRE_EL1,
} from "../../../build/generated/guest";
import { GICC_IPA, GICD_IPA, GICR_IPA } from "./map";

/** INTIDs of the EL1 virtual and physical timer (BSA, PPI assignments). */
export const INTID_VIRTUAL_TIMER: u32 = 27;
export const INTID_PHYSICAL_TIMER: u32 = 30;
/** 1020…1023 mean that there is no interrupt to take. */
export const INTID_SPECIAL_FIRST: u32 = 1020;
const IAR_INTID: u32 = 0xffffff;

/** ID_AA64PFR0_EL1.GIC (DDI 0487, D17.2.64): 0 where there is no CPU interface in system registers, which means a GICv2. */
const PFR0_GIC_SHIFT: u64 = 24;
const PFR0_GIC_MASK: u64 = 0xf;

// Distributor, GICv3
const GICD_CTLR: u64 = 0x0000;
const GICD_CTLR_ENABLE_GRP1: u32 = 1 << 0; // view with two security states; group 0 where there is one, unused by us
const GICD_CTLR_ENABLE_GRP1A: u32 = 1 << 1; // with affinity routing; group 1 where there is one security state
const GICD_CTLR_ARE_NS: u32 = 1 << 4;
const GICD_CTLR_RWP: u32 = 1 << 31;

// Redistributor: RD_base, and SGI_base 64 KiB above
const GICR_CTLR: u64 = 0x0000;
const GICR_CTLR_RWP: u32 = 1 << 3;
const GICR_WAKER: u64 = 0x0014;
const GICR_WAKER_PROCESSOR_SLEEP: u32 = 1 << 1;
const GICR_WAKER_CHILDREN_ASLEEP: u32 = 1 << 2;
const GICR_SGI_BASE: u64 = 0x10000;
const GICR_IGROUPR0: u64 = GICR_SGI_BASE + 0x0080;
const GICR_ISENABLER0: u64 = GICR_SGI_BASE + 0x0100;
const GICR_ICENABLER0: u64 = GICR_SGI_BASE + 0x0180;
const GICR_IPRIORITYR: u64 = GICR_SGI_BASE + 0x0400; // a byte an INTID

// GICv2. Of the two groups a guest sees only the one that bit 0 enables, whichever that is to the hardware.
const GICV2_ENABLE: u32 = 1 << 0; // of GICD_CTLR and GICC_CTLR; EOImode 0
const GICD_ISENABLER0: u64 = 0x0100;
const GICD_ICENABLER0: u64 = 0x0180;
const GICD_IPRIORITYR: u64 = 0x0400;
const GICC_CTLR: u64 = 0x00;
const GICC_PMR: u64 = 0x04;
const GICC_BPR: u64 = 0x08;
const GICC_IAR: u64 = 0x0c;
const GICC_EOIR: u64 = 0x10;

const ALL: u32 = 0xffffffff;
const PRIORITIES_MIDDLE: u32 = 0x80808080; // four INTIDs a word; the implemented bits are the upper ones
const ICC_SRE_SRE: u64 = 1;
const PMR_ALL: u32 = 0xff;
const ICC_ENABLE: u64 = 1;

/** RWP and ChildrenAsleep change within microseconds; that many reads take far longer. */
const POLLS: u32 = 10000;

/** The CPU interface is in memory. */
let isGicV2: bool = false;

/** Waits until `bits` of a register are 0. */
function waitClear(address: u64, bits: u32): void {
  for (let i: u32 = 0; i < POLLS; i++) {
    bound(i, POLLS);
    if ((mmioRead32(address) & bits) == 0) return;
  }
}

/** Lets nothing through but the PPI `intid`. */
export function enableInterruptController(intid: u32): void {
  isGicV2 = ((mrs_ID_AA64PFR0_EL1() >> PFR0_GIC_SHIFT) & PFR0_GIC_MASK) == 0;
  if (isGicV2) enableGicV2(intid);
  else enableGicV3(intid);
}

function enableGicV3(intid: u32): void {
  mmioWrite32(GICD_IPA + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_GRP1A | GICD_CTLR_ENABLE_GRP1);
  waitClear(GICD_IPA + GICD_CTLR, GICD_CTLR_RWP);

  mmioWrite32(GICR_IPA + GICR_WAKER, mmioRead32(GICR_IPA + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
  waitClear(GICR_IPA + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP);
  mmioWrite32(GICR_IPA + GICR_ICENABLER0, ALL);
  waitClear(GICR_IPA + GICR_CTLR, GICR_CTLR_RWP);
  mmioWrite32(GICR_IPA + GICR_IGROUPR0, ALL);
  mmioWrite32(GICR_IPA + GICR_IPRIORITYR + (intid & ~3), PRIORITIES_MIDDLE);
  mmioWrite32(GICR_IPA + GICR_ISENABLER0, 1 << intid);

  msr_ICC_SRE_EL1(ICC_SRE_SRE);
  isb(); // the other ICC registers are there only once SRE is seen
  msr_ICC_PMR_EL1(PMR_ALL);
  msr_ICC_BPR1_EL1(0);
  msr_ICC_CTLR_EL1(0); // EOImode 0: EOIR drops the priority and deactivates
  msr_ICC_IGRPEN1_EL1(ICC_ENABLE);
  isb();
}

function enableGicV2(intid: u32): void {
  mmioWrite32(GICD_IPA + GICD_ICENABLER0, ALL);
  mmioWrite32(GICD_IPA + GICD_IPRIORITYR + (intid & ~3), PRIORITIES_MIDDLE);
  mmioWrite32(GICD_IPA + GICD_ISENABLER0, 1 << intid);
  mmioWrite32(GICD_IPA + GICD_CTLR, GICV2_ENABLE);

  mmioWrite32(GICC_IPA + GICC_PMR, PMR_ALL);
  mmioWrite32(GICC_IPA + GICC_BPR, 0);
  mmioWrite32(GICC_IPA + GICC_CTLR, GICV2_ENABLE);
}

/** Takes the pending interrupt of the highest priority; INTID_SPECIAL_FIRST and above: there is none. */
export function acknowledge(): u32 {
  if (isGicV2) return mmioRead32(GICC_IPA + GICC_IAR);
  return <u32>mrs_ICC_IAR1_EL1() & IAR_INTID;
}

/** `intid` as acknowledge() gave it. (GICv2 would have the sender of an SGI in it too: with one vCPU that is 0.) */
export function endOfInterrupt(intid: u32): void {
  if (isGicV2) mmioWrite32(GICC_IPA + GICC_EOIR, intid);
  else msr_ICC_EOIR1_EL1(intid);
}
