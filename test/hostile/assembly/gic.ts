// Just enough of an interrupt controller driver to sleep for a millisecond: GICv3 (IHI 0069) or GICv2 (IHI 0048). Closed before
// steps are carried out, so that they find the interrupt controller nearly as at reset.
import {
  deviceRead32, deviceWrite32, giccOffset, gicOffset, memoryRead32, memoryRead64, mrs_CNTFRQ_EL0, mrs_CNTVCT_EL0,
  mrs_ICC_IAR1_EL1, msr_CNTV_CTL_EL0, msr_CNTV_CVAL_EL0, msr_ICC_EOIR1_EL1, msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, stepsAddress,
  useGicc, wfi,
} from "../../../build/generated/hostile";

const GICD: u64 = 0x08000000;
const GICR: u64 = 0x080a0000;
const GICR_WAKER: u64 = 0x14;
const GICR_SGI_BASE: u64 = 0x10000;
const ISENABLER: u64 = 0x100;
const ICENABLER: u64 = 0x180;
const VIRTUAL_TIMER: u32 = 1 << 27;
const ALL: u32 = 0xffffffff;
const GICC_CTLR: u64 = 0x00;
const GICC_PMR: u64 = 0x04;
const GICC_IAR: u64 = 0x0c;
const GICC_EOIR: u64 = 0x10;
const PRIORITY_ALL: u32 = 0xff;
const SPECIAL: u32 = 1020;
const INTID_MASK: u32 = 0x3ff;
const GICD_ENABLES: u32 = 0x13; // both groups, affinity routing where there is such a thing
const SLEEPS_PER_SECOND: u64 = 1000;

@inline function isV2(): bool { return memoryRead32(stepsAddress() + gicOffset()) == 2; }
@inline function gicc(): u64 { return memoryRead64(stepsAddress() + giccOffset()); }

export function open(): void {
  useGicc(isV2() ? gicc() : 0);
  deviceWrite32(GICD, GICD_ENABLES);
  if (isV2()) {
    deviceWrite32(GICD + ISENABLER, VIRTUAL_TIMER);
    deviceWrite32(gicc() + GICC_PMR, PRIORITY_ALL);
    deviceWrite32(gicc() + GICC_CTLR, 1);
  } else {
    deviceWrite32(GICR + GICR_WAKER, 0);
    deviceWrite32(GICR + GICR_SGI_BASE + ISENABLER, VIRTUAL_TIMER);
    msr_ICC_PMR_EL1(PRIORITY_ALL);
    msr_ICC_IGRPEN1_EL1(1);
  }
}

export function close(): void {
  msr_CNTV_CTL_EL0(0);
  if (isV2()) {
    deviceWrite32(GICD + ICENABLER, ALL);
    deviceWrite32(gicc() + GICC_CTLR, 0);
    deviceWrite32(gicc() + GICC_PMR, 0);
  } else {
    deviceWrite32(GICR + GICR_SGI_BASE + ICENABLER, ALL);
    msr_ICC_IGRPEN1_EL1(0);
    msr_ICC_PMR_EL1(0);
  }
  deviceWrite32(GICD, 0);
}

/** A millisecond, or less: whatever interrupt comes is ended. */
export function sleep(): void {
  msr_CNTV_CVAL_EL0(mrs_CNTVCT_EL0() + mrs_CNTFRQ_EL0() / SLEEPS_PER_SECOND);
  msr_CNTV_CTL_EL0(1);
  wfi();
  msr_CNTV_CTL_EL0(0);
  if (isV2()) {
    const intid = deviceRead32(gicc() + GICC_IAR);
    if ((intid & INTID_MASK) < SPECIAL) deviceWrite32(gicc() + GICC_EOIR, intid);
  } else {
    const intid = mrs_ICC_IAR1_EL1();
    if (intid < SPECIAL) msr_ICC_EOIR1_EL1(intid);
  }
}
