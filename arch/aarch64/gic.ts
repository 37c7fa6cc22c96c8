// The physical GIC's distributor and redistributors (Arm IHI 0069; version 2: IHI 0048): register map, bring-up, and the few
// actions on it. The distributor is shared: it is used through registers that set or clear single bits, and through an
// interrupt's priority and route, which are bytes or registers of their own. ICFGR, which is neither, is written at boot only. A
// GICv2 has no redistributors: the distributor shows each pCPU its own bank of the first 32 INTIDs.

import {
  blobInterrupt, blobPartition, header, INTERRUPT_EDGE, machine, MAX_INTERRUPTS, MAX_PARTITIONS,
} from "../../build/generated/blob";
import {
  bound, dsbSy, isb, mmioRead32, mmioWrite32, mmioWrite64, mmioWrite8, mrs_CNTPCT_EL0, msr_CNTHP_CTL_EL2, msr_CNTHP_CVAL_EL2,
} from "../../build/generated/aarch64";
import { EVENT_CONTROLLER_LATE } from "../../core/abi";
import { dropSgiV2, enableDistributorV2, mapV2, quietSgisV2, sendSgiV2 } from "./gicv2";
import { enableDistributorV3, groupBankV3, mapV3, sendSgiV3, wakeRedistributor } from "./gicv3";
import { mapDevice } from "../../core/ownMemory";
import { recordEvent } from "../../core/events";
import { isSame } from "../../core/facts";
import { edgesAt, FIRST_SPECIAL, FIRST_SPI } from "./interrupts";
import { vcpuOf } from "../../core/vcpu";
import { Vcpu } from "./vcpu";
import { SGIS } from "./sgis";
import { CNT_CTL_ENABLE } from "./sysregs";

export const GIC_V2: u32 = 2;
export const GIC_V3: u32 = 3;
export const GICR_BYTES: u64 = 0x20000;
export const GICC_BYTES: u64 = 0x2000;
export const GICH_BYTES: u64 = GICC_BYTES; // Its second page shows every pCPU's (GIC-400)

/** The board's, and so what its guests see. */
@inline export function isGicV2(): bool { return machine().gicVersion == GIC_V2; }
@inline export function gicdBytes(): u64 { return isGicV2() ? 0x1000 : 0x10000; }

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
export const ITARGETSR: u32 = 0x0800; // GICv2: a byte an INTID, a bit a CPU interface
export const ICFGR: u32 = 0x0c00;
export const IGRPMODR: u32 = 0x0d00;
export const GICD_IROUTER: u32 = 0x6000;
export const PIDR2: u32 = 0xffe8;
/** GICv2 only. */
export const GICD_SGIR: u32 = 0x0f00;
export const CPENDSGIR: u32 = 0x0f10;
export const SPENDSGIR: u32 = 0x0f20;
export const ICPIDR2: u32 = 0x0fe8;
/** Redistributor, first frame. */
export const GICR_IIDR: u32 = 0x0004;
export const GICR_TYPER: u32 = 0x0008;
export const GICR_WAKER: u32 = 0x0014;
export const SGI_BASE: u32 = 0x10000;
export const GICR_STRIDE_SHIFT: u32 = 17;

export const GICD_CTLR_DS: u32 = 1 << 6; // there is one Security state only
export const CTLR_RWP: u32 = 1 << 31;
export const WAKER_PROCESSOR_SLEEP: u32 = 1 << 1;
export const WAKER_CHILDREN_ASLEEP: u32 = 1 << 2;

/** Physical priorities. The hypervisor's own interrupts have the highest, which no guest's gets: so an interrupt mask can always
 *  let just them in. Injected ones are all alike (they go into list registers at once, where the guest's own priority counts). */
export const OWN_PRIORITY: u32 = 0x00;
export const HIGHEST_GUEST_PRIORITY: u32 = 0x10; // that a guest's can have; a GIC has 16 levels at least (IHI 0069 §4.8.1)
const INJECTED_PRIORITIES: u32 = 0xa0a0a0a0;
const PATIENCE: u32 = 100000; // How often a bring-up step looks whether the hardware has followed
const FOLLOWS_WITHIN: u32 = 16; // Polls within which a GIC follows a disable, and more: it is done in some clocks
/** RWP: bit 31 of GICD_CTLR, bit 3 of GICR_CTLR (whose bit 31 is UWP, and does no harm); GICv2 has neither. */
export const RWP_EITHER: u32 = (1 << 31) | (1 << 3);

/** SGI by which one pCPU makes another enter EL2 and look at its requests: Non-secure by convention, little used by guests. */
export const KICK_SGI: u32 = 7;
export const SGI1R_INTID_SHIFT: u32 = 24;
export const SGIR_TARGETS_SHIFT: u32 = 16;

/** A physical SGI to a pCPU; what it is to see has been written. */
@inline export function sendPhysicalSgi(target: Vcpu, intid: u32): void {
  dsbSy(); // what the other is to see must be there before the SGI is
  if (target.gicv2 != 0) sendSgiV2(target, intid);
  else sendSgiV3(target, intid);
  isb();
}

export function kick(target: Vcpu): void { sendPhysicalSgi(target, KICK_SGI); }

/** A kick of this pCPU that is pending is not any more. */
export function dropKick(vcpu: Vcpu): void {
  if (vcpu.gicv2 != 0) dropSgiV2(vcpu, KICK_SGI);
  else mmioWrite32(vcpu.bank + ICPENDR, <u32>1 << KICK_SGI);
}

/** Makes an SPI pending: how consoles and doorbells ring. */
@inline export function setSpiPending(intid: u32): void {
  dsbSy(); // what the interrupted is to see must be there before the interrupt is
  mmioWrite32(machine().gicd + ISPENDR + ((intid >> 5) << 2), <u32>1 << (intid & 31));
}

/** A step of bring-up: the hardware follows in its time. False: it does not, and that is said. */
export function isFollowed(fact: string, register: u64, bits: u32): bool {
  for (let i: u32 = 0; i < PATIENCE && (mmioRead32(register) & bits) != 0; i++) bound(i, PATIENCE);
  return isSame(fact, 0, mmioRead32(register) & bits);
}

/** Waits until the GIC has followed an ICENABLER (RWP of GICD_CTLR or GICR_CTLR, the same offset): nothing disabled comes any
 *  more. False: it has not yet. */
export function awaitDisabled(control: u64): bool {
  dsbSy();
  for (let i: u32 = 0; i < FOLLOWS_WITHIN; i++) {
    bound(i, FOLLOWS_WITHIN);
    if ((mmioRead32(control) & RWP_EITHER) == 0) return true;
  }
  return false;
}

/** The same when a partition's interrupts are to be quiet: the host hears if they are not. */
function awaitQuiet(vcpu: Vcpu, control: u64): void {
  if (!awaitDisabled(control)) recordEvent(EVENT_CONTROLLER_LATE, vcpu.partition, mrs_CNTPCT_EL0(), control, 0, 0);
}

/** Where RWP for a pCPU's SGIs and PPIs is. */
@inline export function bankControl(vcpu: Vcpu): u64 { return vcpu.gicv2 != 0 ? machine().gicd : vcpu.gicr; }

/** First INTID above the SPIs that the hardware has: GICD_TYPER.ITLinesNumber. */
export function intidLimit(): u32 { return min(((mmioRead32(machine().gicd + GICD_TYPER) & 31) + 1) << 5, FIRST_SPECIAL); }

/** The GIC as the hypervisor drives it is mapped. */
export function mapController(): void {
  mapDevice(machine().gicd, gicdBytes());
  if (isGicV2()) mapV2();
  else mapV3();
}

/** Boot pCPU: everything off and in our group, then the distributor on; each partition's SPIs edge or level, to its boot pCPU.
 *  False: it does not follow. */
export function initController(): bool {
  const gicd = machine().gicd;
  mmioWrite32(gicd + GICD_CTLR, 0);
  if (!isFollowed("GICD_CTLR.RWP", gicd + GICD_CTLR, CTLR_RWP)) return false;
  const limit = intidLimit(); // more than the plan knows, perhaps: firmware may have used them
  const words = (limit + 31) >> 5;
  for (let word: u32 = 1; word < words; word++) {
    bound(word - 1, 31);
    const at = gicd + (word << 2);
    mmioWrite32(at + ICENABLER, 0xffffffff);
    mmioWrite32(at + ICPENDR, 0xffffffff);
    mmioWrite32(at + ICACTIVER, 0xffffffff);
  }
  setPriorities(gicd, 8, limit >> 2);
  store<u32>(edgesAt(0), SGIS);
  if (isGicV2()) enableDistributorV2();
  else enableDistributorV3(words);
  if (!isFollowed("GICD_CTLR.RWP", gicd + GICD_CTLR, CTLR_RWP)) return false;
  for (let n: u32 = 0; n < header().partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const plan = blobPartition(n);
    for (let i: u32 = 0; i < plan.interruptCount; i++) {
      bound(i, MAX_INTERRUPTS);
      const interrupt = blobInterrupt(plan.interruptFirst + i);
      initSpi(interrupt.line, interrupt.trigger == INTERRUPT_EDGE, vcpuOf(plan.bootCpu));
    }
  }
  return true;
}

/** Words of IPRIORITYR, four INTIDs each. */
function setPriorities(base: u64, first: u32, end: u32): void {
  for (let word = first; word < end; word++) {
    bound(word - first, 256);
    mmioWrite32(base + IPRIORITYR + (word << 2), INJECTED_PRIORITIES);
  }
}

/** ICFGR: two bits an INTID, the upper one 1 for edge. */
function initSpi(intid: u32, isEdge: bool, target: Vcpu): void {
  const at = machine().gicd + ICFGR + ((intid >> 4) << 2);
  const bit = <u32>2 << ((intid & 15) << 1);
  const config = mmioRead32(at);
  mmioWrite32(at, isEdge ? config | bit : config & ~bit);
  if (isEdge) store<u32>(edgesAt(intid >> 5), load<u32>(edgesAt(intid >> 5)) | <u32>1 << (intid & 31));
  routeSpi(intid, target);
}

/** An SPI goes to that pCPU. */
export function routeSpi(intid: u32, target: Vcpu): void {
  if (target.gicv2 != 0) mmioWrite8(machine().gicd + ITARGETSR + intid, target.interface);
  else mmioWrite64(machine().gicd + GICD_IROUTER + (intid << 3), target.id);
}

/** A partition has stopped: its SPIs are disabled, not pending, not active, and go to its boot vCPU again. */
export function quietSpis(interruptFirst: u32, interruptCount: u32, target: Vcpu): void {
  const gicd = machine().gicd;
  for (let i: u32 = 0; i < interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(interruptFirst + i).line;
    mmioWrite32(gicd + ICENABLER + ((intid >> 5) << 2), <u32>1 << (intid & 31));
  }
  awaitQuiet(target, gicd + GICD_CTLR);
  for (let i: u32 = 0; i < interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(interruptFirst + i).line;
    const at = gicd + ((intid >> 5) << 2);
    const bit = <u32>1 << (intid & 31);
    mmioWrite32(at + ICPENDR, bit);
    mmioWrite32(at + ICACTIVER, bit);
    routeSpi(intid, target);
  }
}

/** SGIs and PPIs of a mask on the vCPU's pCPU: off, not pending, not active. */
export function quietBank(vcpu: Vcpu, mask: u32): void {
  const bank = vcpu.bank;
  mmioWrite32(bank + ICENABLER, mask);
  awaitQuiet(vcpu, bankControl(vcpu));
  mmioWrite32(bank + ICPENDR, mask);
  mmioWrite32(bank + ICACTIVER, mask);
  if (vcpu.gicv2 != 0 && (mask & SGIS) != 0) quietSgisV2(vcpu, mask & SGIS);
}

/** Physical priority of a direct guest's interrupt. */
@inline export function directPriority(priority: u8): u32 { return max<u32>(priority, HIGHEST_GUEST_PRIORITY); }

/** Each pCPU: its redistributor awake; the hypervisor's own SGI and PPIs enabled, the others off. False: it does not follow. */
export function initBank(vcpu: Vcpu): bool {
  const board = machine();
  if (!isGicV2() && !wakeRedistributor(vcpu)) return false;
  quietBank(vcpu, 0xffffffff);
  if (!isGicV2()) groupBankV3(vcpu);
  setPriorities(vcpu.bank, 0, 8);
  enableOwn(vcpu, KICK_SGI);
  enableOwn(vcpu, board.maintenance);
  if ((vcpu.housekeeper | vcpu.refills) != 0) enableOwn(vcpu, board.hypervisorTimer);
  if (vcpu.refills == 0) return true;
  if (vcpu.pmuInterrupt >= FIRST_SPI) initSpi(vcpu.pmuInterrupt, false, vcpu);
  enableOwn(vcpu, vcpu.pmuInterrupt);
  return true;
}

/** The hypervisor's timer on this pCPU, which has its interrupt for itself from now on. */
export function startTimer(vcpu: Vcpu, at: u64): void {
  enableOwn(vcpu, machine().hypervisorTimer);
  msr_CNTHP_CVAL_EL2(at);
  msr_CNTHP_CTL_EL2(CNT_CTL_ENABLE);
}

/** An interrupt to this pCPU is the hypervisor's own. */
function enableOwn(vcpu: Vcpu, intid: u32): void {
  const bank = intid < FIRST_SPI ? vcpu.bank : machine().gicd;
  mmioWrite8(bank + IPRIORITYR + intid, OWN_PRIORITY);
  mmioWrite32(bank + ISENABLER + ((intid >> 5) << 2), <u32>1 << (intid & 31));
}
