// The redistributors that a partition sees (Arm IHI 0069, chapter 12.11): one of two 64 KiB frames for each of its vCPUs. SGIs
// are emulated: their enable bits live in the vCPU; with direct interrupts they are the physical ones. PPIs are the physical
// redistributor's, masked to those that the partition owns; whether a PPI is edge or level (ICFGR1) is the same for everybody,
// and shown as it is.

import { bound, mmioRead32, mmioWrite8 } from "../../build/generated/aarch64";
import { implementedPriority } from "./priorities";
import { Partition } from "../../core/partition";
import { sentSgis, SGIS } from "./sgis";
import { Vcpu } from "./vcpu";
import {
  directPriority, GICR_IIDR, GICR_TYPER, GICR_WAKER, ICACTIVER, ICENABLER, ICFGR, ICPENDR, IGROUPR, IPRIORITYR, ISACTIVER,
  ISENABLER, ISPENDR, PIDR2, SGI_BASE, WAKER_CHILDREN_ASLEEP, WAKER_PROCESSOR_SLEEP,
} from "./gic";
import { readState, reorder, writeState } from "./interruptState";
import { IIDR_ARM, PIDR2_GICV3 } from "./vgicd";

const TYPER_LAST: u32 = 1 << 4;
const TYPER_PROCESSOR_NUMBER_SHIFT: u32 = 8;
const ICFGR0_SGIS: u32 = 0xaaaaaaaa; // SGIs are edge-triggered: ICFGR0 reads so

/** A 32-bit read at an offset of the two frames of `target`'s redistributor; `vcpu` is the one that reads. */
export function readGicr(vcpu: Vcpu, partition: Partition, target: Vcpu, offset: u32): u32 {
  if (offset >= SGI_BASE) return readSgiFrame(vcpu, partition, target, offset - SGI_BASE);
  if (offset == GICR_TYPER) return <u32>readTyper(partition, target);
  if (offset == GICR_TYPER + 4) return target.index;
  if (offset == GICR_WAKER) return target.waker;
  if (offset == GICR_IIDR) return IIDR_ARM;
  return offset == PIDR2 ? PIDR2_GICV3 : 0;
}

/** GICR_TYPER: its upper half is Affinity_Value. */
export function readTyper(partition: Partition, target: Vcpu): u64 {
  const last = target.index + 1 == partition.vcpuCount ? TYPER_LAST : 0;
  return <u64>target.index << 32 | target.index << TYPER_PROCESSOR_NUMBER_SHIFT | last;
}

export function writeGicr(vcpu: Vcpu, partition: Partition, target: Vcpu, offset: u32, value: u32): void {
  if (offset >= SGI_BASE) {
    writeSgiFrame(vcpu, partition, target, offset - SGI_BASE, value);
  } else if (offset == GICR_WAKER) {
    target.waker = (value & WAKER_PROCESSOR_SLEEP) != 0 ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
  }
}

/** SGIs that are not the physical ones: all of them, or with direct interrupts the one that the hypervisor uses itself. */
@inline export function emulatedSgis(target: Vcpu): u32 { return SGIS & ~target.owned(0); }

/** A read of the registers for SGIs and PPIs; GICv2 has them in GICD. */
export function readSgiFrame(vcpu: Vcpu, partition: Partition, target: Vcpu, offset: u32): u32 {
  const owned = target.owned(0);
  if (offset == ISENABLER || offset == ICENABLER) return (mmioRead32(target.bank + ISENABLER) & owned) | target.sgiEnabled;
  if (offset >= IPRIORITYR && offset < IPRIORITYR + 32) return target.privatePriorities(offset - IPRIORITYR);
  if (offset == IGROUPR) return vcpu.gicv2 != 0 ? 0 : SGIS | owned;
  if (offset == ICFGR) return ICFGR0_SGIS;
  if (offset == ICFGR + 4) return mmioRead32(target.bank + offset);
  if (offset == ISPENDR || offset == ICPENDR) return readState(vcpu, partition, target, true, 0, owned) | sentSgis(target);
  return offset == ISACTIVER || offset == ICACTIVER ? readState(vcpu, partition, target, false, 0, owned) : 0;
}

export function writeSgiFrame(vcpu: Vcpu, partition: Partition, target: Vcpu, offset: u32, value: u32): void {
  if (offset >= IPRIORITYR) {
    if (offset < IPRIORITYR + 32) writePrivatePriorities(vcpu, partition, target, offset - IPRIORITYR, 4, value);
    return;
  }
  const owned = value & target.owned(0);
  // GICv2 makes SGIs pending elsewhere (vgicv2.ts), and has them enabled always.
  const sgis = vcpu.gicv2 != 0 && offset != ISENABLER && offset < ISACTIVER ? 0 : value & emulatedSgis(target);
  if (offset == ICENABLER) target.sgiEnabled &= ~sgis;
  writeState(vcpu, partition, target, offset, 0, owned, owned | sgis);
}

export function writePrivatePriorities(vcpu: Vcpu, partition: Partition, target: Vcpu, first: u32, count: u32, value: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 4);
    setPriority(target, first + i, <u8>(value >> (i << 3)));
  }
  reorder(vcpu, partition, target, 0, (((<u32>1) << count) - 1) << first);
}

@inline export function setPriority(target: Vcpu, n: u32, priority: u8): void {
  target.setPrivatePriority(n, implementedPriority(priority));
  if (target.direct != 0 && ((target.owned(0) >> n) & 1) != 0) mmioWrite8(target.bank + IPRIORITYR + n, directPriority(priority));
}
