// GICv3 as a guest with one vCPU and one interrupt needs it (IHI 0069): distributor and redistributor by memory, CPU
// interface by system registers. Only the virtual timer's PPI is enabled.
import { bound } from "../../build/generated/cpu";
import {
  isb, mmioRead32, mmioWrite32, mrs_ICC_IAR1_EL1, msr_ICC_BPR1_EL1, msr_ICC_CTLR_EL1, msr_ICC_EOIR1_EL1,
  msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, msr_ICC_SRE_EL1,
} from "../../build/generated/guest";
import { GICD_IPA, GICR_IPA } from "./map";

/** INTID of the EL1 virtual timer (BSA, PPI assignments). */
export const INTID_VIRTUAL_TIMER: u32 = 27;
/** 1020…1023 mean that there is no interrupt to take. */
export const INTID_SPECIAL_FIRST: u32 = 1020;
const IAR_INTID: u64 = 0xffffff;

// Distributor
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

const ALL: u32 = 0xffffffff;
const PRIORITIES_MIDDLE: u32 = 0x80808080; // four INTIDs a word; the implemented bits are the upper ones
const ICC_SRE_SRE: u64 = 1;
const ICC_PMR_ALL: u64 = 0xff;
const ICC_ENABLE: u64 = 1;

/** RWP and ChildrenAsleep change within microseconds; that many reads take far longer. */
const POLLS: u32 = 10000;

/** Waits until `bits` of a register are 0. */
function waitClear(address: u64, bits: u32): void {
  for (let i: u32 = 0; i < POLLS; i++) {
    bound(i, POLLS);
    if ((mmioRead32(address) & bits) == 0) return;
  }
}

export function enableInterruptController(): void {
  mmioWrite32(GICD_IPA + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_GRP1A | GICD_CTLR_ENABLE_GRP1);
  waitClear(GICD_IPA + GICD_CTLR, GICD_CTLR_RWP);

  mmioWrite32(GICR_IPA + GICR_WAKER, mmioRead32(GICR_IPA + GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
  waitClear(GICR_IPA + GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP);
  mmioWrite32(GICR_IPA + GICR_ICENABLER0, ALL);
  waitClear(GICR_IPA + GICR_CTLR, GICR_CTLR_RWP);
  mmioWrite32(GICR_IPA + GICR_IGROUPR0, ALL);
  mmioWrite32(GICR_IPA + GICR_IPRIORITYR + (INTID_VIRTUAL_TIMER & ~3), PRIORITIES_MIDDLE);
  mmioWrite32(GICR_IPA + GICR_ISENABLER0, 1 << INTID_VIRTUAL_TIMER);

  msr_ICC_SRE_EL1(ICC_SRE_SRE);
  isb(); // the other ICC registers are there only once SRE is seen
  msr_ICC_PMR_EL1(ICC_PMR_ALL);
  msr_ICC_BPR1_EL1(0);
  msr_ICC_CTLR_EL1(0); // EOImode 0: EOIR drops the priority and deactivates
  msr_ICC_IGRPEN1_EL1(ICC_ENABLE);
  isb();
}

/** Takes the pending interrupt of the highest priority; INTID_SPECIAL_FIRST and above: there is none. */
export function acknowledge(): u32 {
  return <u32>(mrs_ICC_IAR1_EL1() & IAR_INTID);
}

export function endOfInterrupt(intid: u32): void {
  msr_ICC_EOIR1_EL1(intid);
}
