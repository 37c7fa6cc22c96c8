// The redistributors that a partition sees (Arm IHI 0069, chapter 12.11): one of two 64 KiB frames for each of its vCPUs. SGIs are
// emulated: their enable bits live in the vCPU; with direct interrupts they are the physical ones. PPIs are the physical redistributor's,
// masked to those that the partition owns; whether a PPI is edge or level (ICFGR1) is the same for everybody, and shown as it is.

import { mmioRead32, mmioWrite32, mmioWrite8 } from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { implementedPriority } from "../../core/interrupts";
import { Partition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import {
  awaitDisabled, bankControl, directPriority, GICR_IIDR, GICR_TYPER, GICR_WAKER, ICACTIVER, ICENABLER, ICFGR, ICPENDR, IGROUPR, IPRIORITYR, ISACTIVER,
  ISENABLER, ISPENDR, kick, KICK_SGI, PIDR2, SGI_BASE, SGIS, WAKER_CHILDREN_ASLEEP, WAKER_PROCESSOR_SLEEP,
} from "./gic";
import { deactivate, holdBack, onlyPendingHere, pendingHere, refill, withdraw } from "./listRegisters";
import { sendDirect } from "./sgi";
import { IIDR_ARM, PIDR2_GICV3 } from "./vgicd";

const TYPER_LAST: u32 = 1 << 4;
const TYPER_PROCESSOR_NUMBER_SHIFT: u32 = 8;
/** SGIs are edge-triggered: ICFGR0 reads so. */
const ICFGR0_SGIS: u32 = 0xaaaaaaaa;

/** A 32-bit read at an offset of the two frames of `target`'s redistributor; `vcpu` is the one that reads. */
export function readGicr(vcpu: Vcpu, partition: Partition, target: Vcpu, offset: u32): u32 {
  if (offset >= SGI_BASE) return readSgiFrame(vcpu, target, offset - SGI_BASE);
  if (offset == GICR_TYPER) {
    return (target.index << TYPER_PROCESSOR_NUMBER_SHIFT) | (target.index + 1 == partition.vcpuCount ? TYPER_LAST : 0);
  }
  if (offset == GICR_TYPER + 4) return target.index; // Affinity_Value
  if (offset == GICR_WAKER) return target.waker;
  if (offset == GICR_IIDR) return IIDR_ARM;
  return offset == PIDR2 ? PIDR2_GICV3 : 0;
}

/** A 32-bit write there. */
export function writeGicr(vcpu: Vcpu, target: Vcpu, offset: u32, value: u32): void {
  if (offset >= SGI_BASE) {
    writeSgiFrame(vcpu, target, offset - SGI_BASE, value);
  } else if (offset == GICR_WAKER) {
    target.waker = (value & WAKER_PROCESSOR_SLEEP) != 0 ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
  }
}

/** SGIs that are not the physical ones: all of them, or with direct interrupts the one that the hypervisor uses itself. */
@inline export function emulatedSgis(target: Vcpu): u32 { return SGIS & ~target.owned(0); }

/** A read of the registers for SGIs and PPIs; GICv2 has them in GICD. */
export function readSgiFrame(vcpu: Vcpu, target: Vcpu, offset: u32): u32 {
  const owned = target.owned(0);
  if (offset >= IPRIORITYR && offset < IPRIORITYR + 32) {
    let value: u32 = 0;
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      value |= <u32>target.privatePriority((offset - IPRIORITYR) + i) << (i << 3);
    }
    return value;
  }
  if (offset == IGROUPR) return vcpu.gicv2 != 0 ? 0 : SGIS | owned;
  if (offset == ICFGR) return ICFGR0_SGIS;
  if (offset == ICFGR + 4) return mmioRead32(target.bank + offset);
  if (offset == ISENABLER || offset == ICENABLER) return (mmioRead32(target.bank + ISENABLER) & owned) | target.sgiEnabled;
  if (offset == ISPENDR || offset == ICPENDR) {
    const bits = (mmioRead32(target.bank + ISPENDR) & owned) | loadAcquire32(target.sgiPendingAt());
    return target.pcpu == vcpu.pcpu ? bits | pendingHere(vcpu, 0) : bits;
  }
  if (offset == ISACTIVER || offset == ICACTIVER) {
    const bits = mmioRead32(target.bank + ISACTIVER) & owned;
    return target.pcpu == vcpu.pcpu ? bits & ~onlyPendingHere(vcpu, 0) : bits;
  }
  return 0;
}

/** A write there. */
export function writeSgiFrame(vcpu: Vcpu, target: Vcpu, offset: u32, value: u32): void {
  if (offset >= IPRIORITYR && offset < IPRIORITYR + 32) {
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      setPriority(target, (offset - IPRIORITYR) + i, <u8>(value >> (i << 3)));
    }
    return;
  }
  const owned = value & target.owned(0);
  // GICv2 makes SGIs pending elsewhere (vgicv2.ts).
  const sgis = vcpu.gicv2 != 0 && (offset == ISPENDR || offset == ICPENDR) ? 0 : value & emulatedSgis(target);
  const self = target.pcpu == vcpu.pcpu;
  if (offset == ISENABLER) {
    if (owned != 0) mmioWrite32(target.bank + ISENABLER, owned);
    if ((sgis & ~target.sgiEnabled) == 0) return;
    target.sgiEnabled |= sgis;
    if ((loadAcquire32(target.sgiPendingAt()) & sgis) != 0) wake(target, self);
  } else if (offset == ICENABLER) {
    if (owned != 0) mmioWrite32(target.bank + ICENABLER, owned);
    if (vcpu.gicv2 == 0) target.sgiEnabled &= ~sgis;
    if (!self) return;
    if (owned != 0) awaitDisabled(bankControl(target));
    holdBack(vcpu, 0, owned | (sgis & ~target.sgiEnabled));
  } else if (offset == ISPENDR) {
    if (owned != 0) mmioWrite32(target.bank + ISPENDR, owned);
    if (sgis == 0) return;
    atomicOr32(target.sgiPendingAt(), sgis);
    wake(target, self);
  } else if (offset == ICPENDR) {
    if (owned != 0) mmioWrite32(target.bank + ICPENDR, owned);
    if (sgis != 0) atomicAnd32(target.sgiPendingAt(), ~sgis);
    if (self) withdraw(vcpu, 0, owned | sgis);
  } else if (offset == ICACTIVER) {
    if (target.direct != 0) mmioWrite32(target.bank + ICACTIVER, owned);
    else if (self) deactivate(vcpu, 0, value);
  }
}

/** The target has something to deliver. */
function wake(target: Vcpu, self: bool): void {
  if (target.direct != 0) sendWithheld(target);
  else if (self) refill(target);
  else kick(target);
}

/** The SGI that is emulated with direct interrupts too, if it is pending and enabled. */
function sendWithheld(target: Vcpu): void {
  const bit = (<u32>1) << KICK_SGI;
  if ((loadAcquire32(target.sgiPendingAt()) & target.sgiEnabled & bit) == 0) return;
  atomicAnd32(target.sgiPendingAt(), ~bit);
  sendDirect(target, KICK_SGI);
}

/** Priority of SGI or PPI n of a vCPU. */
export function setPriority(target: Vcpu, n: u32, priority: u8): void {
  target.setPrivatePriority(n, implementedPriority(priority));
  if (target.direct != 0 && ((target.owned(0) >> n) & 1) != 0) mmioWrite8(target.bank + IPRIORITYR + n, directPriority(priority));
}
