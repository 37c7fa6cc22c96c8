// The physical GICv3 (Arm IHI 0069): register map, bring-up, and the few actions on it. A pCPU touches its own redistributor
// and CPU interface; the distributor is shared: through registers that set or clear single bits, and the
// route of an interrupt, which is a register of its own. ICFGR, which is neither, is written at boot only.

import { BlobInterrupt, INTERRUPT_EDGE, MAX_PARTITIONS } from "../../build/generated/blob";
import {
  dsbSy, isb, mmioRead32, mmioWrite32, mmioWrite64, mmioWrite8, mrs_ICC_SRE_EL2, mrs_ICH_VTR_EL2, msr_ICC_BPR1_EL1, msr_ICC_CTLR_EL1,
  msr_ICC_DIR_EL1, msr_ICC_EOIR1_EL1, msr_ICC_IGRPEN1_EL1, msr_ICC_PMR_EL1, msr_ICC_SGI1R_EL1, msr_ICC_SRE_EL1,
  msr_ICC_SRE_EL2, mrs_ICC_CTLR_EL1,
} from "../../build/generated/aarch64";
import { bound } from "../../build/generated/cpu";
import { blobInterrupt, blobPartition, header, MAX_INTERRUPTS } from "../../core/blob";
import { vcpuOf, Vcpu } from "../../core/vcpu";

// Distributor and, from SGI_BASE on, redistributor: the same offsets.
export const GICD_CTLR: u32 = 0x0000;
export const GICD_TYPER: u32 = 0x0004;
export const GICD_IIDR: u32 = 0x0008;
export const IGROUPR: u32 = 0x0080;
export const ISENABLER: u32 = 0x0100;
export const ICENABLER: u32 = 0x0180;
export const ISPENDR: u32 = 0x0200;
export const ICPENDR: u32 = 0x0280;
export const ISACTIVER: u32 = 0x0300;
export const ICACTIVER: u32 = 0x0380;
export const IPRIORITYR: u32 = 0x0400;
export const ICFGR: u32 = 0x0c00;
export const IGRPMODR: u32 = 0x0d00;
export const GICD_IROUTER: u32 = 0x6000;
export const PIDR2: u32 = 0xffe8;
/** Redistributor, first frame. */
export const GICR_IIDR: u32 = 0x0004;
export const GICR_TYPER: u32 = 0x0008;
export const GICR_WAKER: u32 = 0x0014;
export const SGI_BASE: u32 = 0x10000;
export const GICR_STRIDE_SHIFT: u32 = 17;

const CTLR_ENABLE_GRP1NS: u32 = 1 << 1;
const CTLR_ARE_NS: u32 = 1 << 4;
const CTLR_RWP: u32 = 1 << 31;
export const WAKER_PROCESSOR_SLEEP: u32 = 1 << 1;
export const WAKER_CHILDREN_ASLEEP: u32 = 1 << 2;

const ICC_SRE_SRE: u64 = 1;
const ICC_SRE_DFB_DIB: u64 = 6;
const ICC_SRE_ENABLE: u64 = 1 << 3;
const ICC_CTLR_EOIMODE: u64 = 1 << 1;

/**
 * Two physical priorities: the hypervisor's own interrupts, and everybody else's (those go into list registers at once, where the
 * guest's own priority counts). A parked pCPU lets only the first in: what comes for its vCPU stays pending until that is on.
 */
const OWN_PRIORITY: u32 = 0x80;
const GUEST_PRIORITY: u64 = 0xa0;
const GUEST_PRIORITIES: u32 = 0xa0a0a0a0;
const PMR_ALL: u64 = 0xff;
/** How often a bring-up step looks whether the hardware has followed. */
const PATIENCE: u32 = 100000;
/** Polls within which a GIC follows a disable, and more: it is done in some clocks. */
const FOLLOWS_WITHIN: u32 = 1000;
/** RWP: bit 31 of GICD_CTLR, bit 3 of GICR_CTLR; the other one's place is RES0 in each. */
const RWP_EITHER: u32 = (1 << 31) | (1 << 3);

/** SGI by which one pCPU makes another enter EL2 and look at its requests. */
export const KICK_SGI: u32 = 0;
const SGI1R_INTID_SHIFT: u32 = 24;

/** ICC_SGI1R_EL1 for SGI `KICK_SGI` to the one pCPU of that affinity. */
export function kickValue(mpidr: u64): u64 {
  const aff0 = mpidr & 0xff;
  return ((mpidr >> 32) & 0xff) << 48 | ((mpidr >> 16) & 0xff) << 32 | ((mpidr >> 8) & 0xff) << 16 |
    (aff0 >> 4) << 44 | (<u64>KICK_SGI << SGI1R_INTID_SHIFT) | <u64>1 << (aff0 & 15);
}

@inline export function kick(target: Vcpu): void {
  dsbSy(); // what the other is to see must be there before the SGI is
  msr_ICC_SGI1R_EL1(target.kick);
  isb();
}

/** Kicks every pCPU of a mask. */
export function kickAll(mask: u32): void {
  for (let i: u32 = 0; mask != 0; i++) {
    bound(i, 32);
    kick(vcpuOf(ctz(mask)));
    mask &= mask - 1;
  }
}

/** Makes an SPI pending: how consoles and doorbells ring. */
@inline export function setSpiPending(intid: u32): void {
  dsbSy(); // what the interrupted is to see must be there before the interrupt is
  mmioWrite32(header().gicd + ISPENDR + ((intid >> 5) << 2), <u32>1 << (intid & 31));
}

/** Priority drop, and deactivation too: an interrupt that the hypervisor itself has handled. */
@inline export function endInterrupt(intid: u64): void {
  msr_ICC_EOIR1_EL1(intid);
  msr_ICC_DIR_EL1(intid);
}

function awaitWritten(register: u64, bits: u32): void {
  for (let i: u32 = 0; i < PATIENCE; i++) {
    bound(i, PATIENCE);
    if ((mmioRead32(register) & bits) == 0) return;
  }
}

/** Waits until the GIC has followed an ICENABLER (RWP of GICD_CTLR or GICR_CTLR, the same offset): nothing disabled comes any more. */
export function awaitDisabled(control: u64): void {
  dsbSy();
  for (let i: u32 = 0; i < FOLLOWS_WITHIN; i++) {
    bound(i, FOLLOWS_WITHIN);
    if ((mmioRead32(control) & RWP_EITHER) == 0) return;
  }
}

/** Boot pCPU: everything off and in group 1, then the distributor on; each partition's SPIs edge or level, to its boot pCPU. */
export function initDistributor(): void {
  const head = header();
  const gicd = head.gicd;
  mmioWrite32(gicd + GICD_CTLR, 0);
  awaitWritten(gicd + GICD_CTLR, CTLR_RWP);
  const words = (head.spiLimit + 31) >> 5;
  for (let word: u32 = 1; word < words; word++) {
    bound(word - 1, 32);
    const at = gicd + (word << 2);
    mmioWrite32(at + ICENABLER, 0xffffffff);
    mmioWrite32(at + ICPENDR, 0xffffffff);
    mmioWrite32(at + ICACTIVER, 0xffffffff);
    mmioWrite32(at + IGROUPR, 0xffffffff);
    mmioWrite32(at + IGRPMODR, 0);
  }
  for (let word: u32 = 8; word < head.spiLimit >> 2; word++) {
    bound(word - 8, 256);
    mmioWrite32(gicd + IPRIORITYR + (word << 2), GUEST_PRIORITIES);
  }
  mmioWrite32(gicd + GICD_CTLR, CTLR_ARE_NS | CTLR_ENABLE_GRP1NS);
  awaitWritten(gicd + GICD_CTLR, CTLR_RWP);
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const plan = blobPartition(n);
    for (let i: u32 = 0; i < plan.interruptCount; i++) {
      bound(i, MAX_INTERRUPTS);
      initSpi(blobInterrupt(plan.interruptFirst + i), vcpuOf(plan.bootCpu).mpidr);
    }
  }
}

/** ICFGR: two bits an INTID, the upper one 1 for edge. */
function initSpi(interrupt: BlobInterrupt, mpidr: u64): void {
  const gicd = header().gicd;
  const intid = interrupt.intid;
  const at = gicd + ICFGR + ((intid >> 4) << 2);
  const bit = <u32>2 << ((intid & 15) << 1);
  const config = mmioRead32(at);
  mmioWrite32(at, interrupt.trigger == INTERRUPT_EDGE ? config | bit : config & ~bit);
  mmioWrite64(gicd + GICD_IROUTER + (intid << 3), mpidr);
}

/** A partition has stopped: its SPIs are disabled, not pending, not active, and go to its boot vCPU again. */
export function quietSpis(interruptFirst: u32, interruptCount: u32, mpidr: u64): void {
  const gicd = header().gicd;
  for (let i: u32 = 0; i < interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(interruptFirst + i).intid;
    mmioWrite32(gicd + ICENABLER + ((intid >> 5) << 2), <u32>1 << (intid & 31));
  }
  awaitDisabled(gicd + GICD_CTLR);
  for (let i: u32 = 0; i < interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(interruptFirst + i).intid;
    const at = gicd + ((intid >> 5) << 2);
    const bit = <u32>1 << (intid & 31);
    mmioWrite32(at + ICPENDR, bit);
    mmioWrite32(at + ICACTIVER, bit);
    mmioWrite64(gicd + GICD_IROUTER + (intid << 3), mpidr);
  }
}

/** PPIs of a mask on one pCPU: off, not pending, not active. */
export function quietPpis(gicr: u64, mask: u32): void {
  const sgi = gicr + SGI_BASE;
  mmioWrite32(sgi + ICENABLER, mask);
  awaitDisabled(gicr);
  mmioWrite32(sgi + ICPENDR, mask);
  mmioWrite32(sgi + ICACTIVER, mask);
}

/** The GIC's system registers (ICC_*, ICH_*) can be used from here on. */
export function enableSystemRegisters(): void {
  msr_ICC_SRE_EL2(mrs_ICC_SRE_EL2() | ICC_SRE_SRE | ICC_SRE_DFB_DIB | ICC_SRE_ENABLE);
  isb();
}

/** Each pCPU: wakes its redistributor, enables the hypervisor's own SGI and PPIs, opens the CPU interface. */
export function initCpuInterface(vcpu: Vcpu): void {
  const head = header();
  const gicr = vcpu.gicr;
  mmioWrite32(gicr + GICR_WAKER, mmioRead32(gicr + GICR_WAKER) & ~WAKER_PROCESSOR_SLEEP);
  awaitWritten(gicr + GICR_WAKER, WAKER_CHILDREN_ASLEEP);
  const sgi = gicr + SGI_BASE;
  quietPpis(gicr, 0xffffffff);
  mmioWrite32(sgi + IGROUPR, 0xffffffff);
  mmioWrite32(sgi + IGRPMODR, 0);
  for (let word: u32 = 0; word < 8; word++) {
    bound(word, 8);
    mmioWrite32(sgi + IPRIORITYR + (word << 2), GUEST_PRIORITIES);
  }
  mmioWrite8(sgi + IPRIORITYR + KICK_SGI, OWN_PRIORITY);
  mmioWrite8(sgi + IPRIORITYR + head.maintenance, OWN_PRIORITY);
  mmioWrite8(sgi + IPRIORITYR + head.hypervisorTimer, OWN_PRIORITY);
  const housekeeping: u32 = vcpu.housekeeper != 0 ? <u32>1 << head.hypervisorTimer : 0;
  mmioWrite32(sgi + ISENABLER, (<u32>1 << KICK_SGI) | (<u32>1 << head.maintenance) | housekeeping);

  enableSystemRegisters();
  msr_ICC_SRE_EL1(ICC_SRE_SRE | ICC_SRE_DFB_DIB);
  isb();
  closeInterrupts();
  msr_ICC_BPR1_EL1(0);
  // EOImode 1: EOIR1 drops the priority, and deactivating is left to the guest, through its list register (HW = 1).
  msr_ICC_CTLR_EL1(mrs_ICC_CTLR_EL1() | ICC_CTLR_EOIMODE);
  msr_ICC_IGRPEN1_EL1(1);
  isb();
}

/** The pCPU has no guest to run: only the hypervisor's own interrupts. */
export function closeInterrupts(): void {
  msr_ICC_PMR_EL1(GUEST_PRIORITY);
}

/** The pCPU runs its guest: all of them. */
export function openInterrupts(): void {
  msr_ICC_PMR_EL1(PMR_ALL);
}

/** ICH_VTR_EL2.ListRegs + 1. */
@inline export function listRegisterCount(): u32 {
  return (<u32>mrs_ICH_VTR_EL2() & 31) + 1;
}

/** ICH_VTR_EL2.PRIbits + 1: how many upper bits of a priority the virtual interface has. */
@inline export function priorityBits(): u32 {
  return (<u32>mrs_ICH_VTR_EL2() >> 29) + 1;
}
