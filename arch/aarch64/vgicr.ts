// The redistributors that a partition sees (Arm IHI 0069, chapter 12.11): one of two 64 KiB frames for each of its vCPUs. SGIs
// are emulated: their enable bits live in the vCPU. PPIs are the physical redistributor's, masked to those that the partition owns;
// whether a PPI is edge or level (ICFGR1) is the same for everybody, and shown as it is.

import { mmioRead32, mmioWrite32 } from "../../build/generated/aarch64";
import { atomicAnd32, atomicOr32, bound, loadAcquire32 } from "../../build/generated/cpu";
import { implementedPriority } from "../../core/interrupts";
import { Partition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import {
  awaitDisabled, GICR_IIDR, GICR_TYPER, GICR_WAKER, ICACTIVER, ICENABLER, ICFGR, ICPENDR, IGROUPR, IPRIORITYR, ISACTIVER, ISENABLER, ISPENDR, kick,
  PIDR2, SGI_BASE, WAKER_CHILDREN_ASLEEP, WAKER_PROCESSOR_SLEEP,
} from "./gicv3";
import { deactivate, holdBack, onlyPendingHere, pendingHere, refill, withdraw } from "./listRegisters";
import { IIDR_ARM, PIDR2_GICV3 } from "./vgicd";

const TYPER_LAST: u32 = 1 << 4;
const TYPER_PROCESSOR_NUMBER_SHIFT: u32 = 8;
const SGI_MASK: u32 = 0xffff;
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

function readSgiFrame(vcpu: Vcpu, target: Vcpu, offset: u32): u32 {
  const ppis = target.owned(0);
  if (offset >= IPRIORITYR && offset < IPRIORITYR + 32) {
    let value: u32 = 0;
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      value |= <u32>target.privatePriority((offset - IPRIORITYR) + i) << (i << 3);
    }
    return value;
  }
  if (offset == IGROUPR) return SGI_MASK | ppis;
  if (offset == ICFGR) return ICFGR0_SGIS;
  if (offset == ICFGR + 4) return mmioRead32(target.gicr + SGI_BASE + offset);
  if (offset == ISENABLER || offset == ICENABLER) return (mmioRead32(target.gicr + SGI_BASE + ISENABLER) & ppis) | target.sgiEnabled;
  if (offset == ISPENDR || offset == ICPENDR) {
    const bits = (mmioRead32(target.gicr + SGI_BASE + ISPENDR) & ppis) | loadAcquire32(target.sgiPendingAt());
    return target.pcpu == vcpu.pcpu ? bits | pendingHere(vcpu, 0) : bits;
  }
  if (offset == ISACTIVER || offset == ICACTIVER) {
    const bits = mmioRead32(target.gicr + SGI_BASE + ISACTIVER) & ppis;
    return target.pcpu == vcpu.pcpu ? bits & ~onlyPendingHere(vcpu, 0) : bits;
  }
  return 0;
}

function writeSgiFrame(vcpu: Vcpu, target: Vcpu, offset: u32, value: u32): void {
  if (offset >= IPRIORITYR && offset < IPRIORITYR + 32) {
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      target.setPrivatePriority((offset - IPRIORITYR) + i, implementedPriority(<u8>(value >> (i << 3))));
    }
    return;
  }
  const ppis = value & target.owned(0);
  const sgis = value & SGI_MASK;
  const self = target.pcpu == vcpu.pcpu;
  if (offset == ISENABLER) {
    if (ppis != 0) mmioWrite32(target.gicr + SGI_BASE + ISENABLER, ppis);
    if ((sgis & ~target.sgiEnabled) == 0) return;
    target.sgiEnabled |= sgis;
    if ((loadAcquire32(target.sgiPendingAt()) & sgis) != 0) wake(target, self);
  } else if (offset == ICENABLER) {
    if (ppis != 0) mmioWrite32(target.gicr + SGI_BASE + ICENABLER, ppis);
    target.sgiEnabled &= ~sgis;
    if (!self) return;
    if (ppis != 0) awaitDisabled(target.gicr);
    holdBack(vcpu, 0, ppis | sgis);
  } else if (offset == ISPENDR) {
    if (ppis != 0) mmioWrite32(target.gicr + SGI_BASE + ISPENDR, ppis);
    if (sgis == 0) return;
    atomicOr32(target.sgiPendingAt(), sgis);
    wake(target, self);
  } else if (offset == ICPENDR) {
    if (ppis != 0) mmioWrite32(target.gicr + SGI_BASE + ICPENDR, ppis);
    if (sgis != 0) atomicAnd32(target.sgiPendingAt(), ~sgis);
    if (self) withdraw(vcpu, 0, ppis | sgis);
  } else if (offset == ICACTIVER && self) {
    deactivate(0, value);
  }
}

/** The target has something to deliver. */
function wake(target: Vcpu, self: bool): void {
  if (self) refill(target);
  else kick(target);
}
