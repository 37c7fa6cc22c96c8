// The distributor that a partition sees (Arm IHI 0069, chapter 12.9). GICD_CTLR and priorities are emulated; enable, pending,
// active and route are the physical distributor's, masked to what the partition owns: a bit of somebody else's interrupt
// reads 0 and a write to it does nothing. Presented with one Security state (DS = 1), affinity routing always on, all in group 1.
//
// Whether an interrupt is edge or level is the plan's to say: ICFGR is read-only, as IHI 0069 allows.

import { atomicAnd32, bound, loadAcquire32, mmioRead32, mmioRead64, mmioWrite8 } from "../../build/generated/aarch64";
import { blobInterrupt, machine, MAX_CPUS, MAX_INTERRUPTS, PARTITION_PROBES_PRIORITY } from "../../build/generated/blob";
import { enabledAt, FIRST_SPECIAL, latchedAt, mutedAt, others } from "./interrupts";
import { implementedPriority, setSpiPriority, spiPriorities } from "./priorities";
import { kickAll } from "../../core/kicks";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { INTID_WORDS, Vcpu } from "./vcpu";
import {
  directPriority, GICD_CTLR, GICD_CTLR_DS, GICD_IIDR, GICD_IROUTER, GICD_TYPER, ICENABLER, ICFGR, IGROUPR, IGRPMODR, IPRIORITYR,
  ISACTIVER, ISENABLER, PIDR2, routeSpi,
} from "./gic";
import { readState, recall, reorder, writeState } from "./interruptState";
import { spread } from "./sgis";
import { AFFINITY_MASK } from "./sysregs";

const CTLR_ENABLE_GRP0: u32 = 1 << 0;
const CTLR_ENABLE_GRP1: u32 = 1 << 1;
const CTLR_ARE: u32 = 1 << 4;
const TYPER_IDBITS_10: u32 = 9 << 19;
const TYPER_NO1N: u32 = 1 << 25;
const TYPER_CPU_NUMBER_SHIFT: u32 = 5; // GICv2
export const IIDR_ARM: u32 = 0x43b; // Variant and revision 0, implementer Arm (0x43b)
export const PIDR2_GICV3: u32 = 0x3b; // GIC architecture version 3 (ArchRev, bits 7…4)

/** The 128-byte block of a set of one-bit-an-INTID registers. */
@inline function block(offset: u32): u32 { return offset & 0xff80; }
@inline function word(offset: u32): u32 { return (offset & 0x7f) >> 2; }

@inline export function distributorType(vcpu: Vcpu, partition: Partition): u32 {
  const lines = ((machine().spiLimit + 31) >> 5) - 1;
  return vcpu.gicv2 != 0 ? lines | (partition.vcpuCount - 1) << TYPER_CPU_NUMBER_SHIFT : lines | TYPER_IDBITS_10 | TYPER_NO1N;
}

/** A 32-bit read at an offset of GICD; other sizes are made of it by devices.ts. */
export function readGicd(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (offset < IPRIORITYR) {
    if (offset < IGROUPR) {
      if (offset == GICD_TYPER) return distributorType(vcpu, partition);
      if (offset == GICD_CTLR) return partition.controllerControl | CTLR_ARE | GICD_CTLR_DS;
      return offset == GICD_IIDR ? IIDR_ARM : 0;
    }
    const k = word(offset);
    if (k == 0) return 0; // SGIs and PPIs are the redistributor's
    const owned = vcpu.owned(k);
    const kind = block(offset);
    if (kind == ISENABLER || kind == ICENABLER) return loadAcquire32(enabledAt(k)) & owned;
    if (kind == IGROUPR) return vcpu.gicv2 != 0 ? 0 : owned;
    return readState(vcpu, partition, vcpu, kind < ISACTIVER, k, owned);
  }
  if (offset < IPRIORITYR + 0x400) return readPriorities(vcpu, partition, offset - IPRIORITYR);
  if (offset >= ICFGR && offset < IGRPMODR) return mmioRead32(machine().gicd + offset) & configMask(vcpu, (offset - ICFGR) >> 2);
  if (offset == PIDR2) return PIDR2_GICV3;
  return (offset & 4) != 0 ? 0 : readRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3); // elsewhere that is no INTID
}

/** Both configuration bits of each owned INTID of ICFGR<n>, 16 INTIDs a register: their bitmap with every bit twice. */
function configMask(vcpu: Vcpu, n: u32): u32 {
  let bits = (vcpu.owned(n >> 1) >> ((n & 1) << 4)) & 0xffff;
  bits = (bits | bits << 8) & 0x00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f;
  bits = (bits | bits << 2) & 0x33333333;
  bits = (bits | bits << 1) & 0x55555555;
  return bits * 3;
}

/** Four bytes; each owned INTID's bit becomes 0xff. INTID 32's bits of a priority are there for guests that wait for them
 *  (FreeRTOS). */
function readPriorities(vcpu: Vcpu, partition: Partition, first: u32): u32 {
  const owned = vcpu.owned(first >> 5) >> (first & 31);
  const probed = first == 32 && (owned & 1) == 0 && (partition.plan.flags & PARTITION_PROBES_PRIORITY) != 0 ?
    implementedPriority(0xff) : 0;
  return first < 32 ? 0 : probed | spiPriorities(first) & spread(owned) * 0xff;
}

export function writeGicd(vcpu: Vcpu, partition: Partition, offset: u32, value: u32): void {
  if (offset < IGROUPR) {
    if (offset == GICD_CTLR) writeControl(vcpu, partition, value);
  } else if (offset < IPRIORITYR) {
    const k = word(offset);
    const bits = k == 0 ? 0 : value & vcpu.owned(k);
    if (bits != 0) writeState(vcpu, partition, vcpu, block(offset), k, bits, bits);
  } else if (offset < IPRIORITYR + 0x400) {
    writePriorities(vcpu, partition, offset - IPRIORITYR, 4, value);
  } else if ((offset & 4) == 0) { // the upper half is Aff3: 0 for every vCPU; elsewhere that is no INTID
    writeRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3, value);
  }
}

/** `count` bytes of IPRIORITYR, all in one word of INTIDs. */
export function writePriorities(vcpu: Vcpu, partition: Partition, first: u32, count: u32, value: u32): void {
  const k = first >> 5;
  let changed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 4);
    const intid = first + i;
    if (k == 0 || intid >= FIRST_SPECIAL || !vcpu.owns(intid)) continue;
    setPriority(vcpu, intid, <u8>(value >> (i << 3)));
    changed |= (<u32>1) << (intid & 31);
  }
  reorder(vcpu, partition, vcpu, k, changed);
}

@inline export function setPriority(vcpu: Vcpu, intid: u32, priority: u8): void {
  setSpiPriority(intid, priority);
  if (vcpu.direct != 0) mmioWrite8(machine().gicd + IPRIORITYR + intid, directPriority(priority));
}

/** GICD_CTLR. With direct interrupts it is remembered only: the physical one is everybody's. */
function writeControl(vcpu: Vcpu, partition: Partition, value: u32): void {
  partition.controllerControl = value & (CTLR_ENABLE_GRP0 | CTLR_ENABLE_GRP1);
  partition.controllerOn = (vcpu.gicv2 != 0 ? value : value >> 1) & 1;
  if (vcpu.direct == 0) kickAll(others(partition.active, vcpu.pcpu));
}

/** The partition begins anew: its distributor is as after a reset. */
export function resetGicd(vcpu: Vcpu, partition: Partition): void {
  partition.controllerControl = 0;
  partition.controllerOn = 0;
  for (let k: u32 = 1; k < INTID_WORDS; k++) {
    bound(k - 1, INTID_WORDS - 1);
    const kept = ~vcpu.owned(k);
    atomicAnd32(enabledAt(k), kept);
    atomicAnd32(mutedAt(k), kept);
    atomicAnd32(latchedAt(vcpu, k), kept);
  }
  const plan = partition.plan;
  for (let i: u32 = 0; i < plan.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    setPriority(vcpu, blobInterrupt(plan.interruptFirst + i).line, 0);
  }
}

/** GICD_IROUTER<n> with the vCPU's affinity, which is its index, in place of the pCPU's. */
export function readRouter(vcpu: Vcpu, partition: Partition, intid: u32): u32 {
  if (intid < 32 || intid >= INTID_WORDS << 5 || !vcpu.owns(intid)) return 0;
  const route = mmioRead64(machine().gicd + GICD_IROUTER + (intid << 3)) & AFFINITY_MASK;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    if (vcpuOfPartition(partition, i).id == route) return i;
  }
  return 0;
}

/** Routes an owned SPI to a vCPU of the partition. A vCPU it does not have, or 1-of-N (TYPER.No1N), changes nothing. */
export function writeRouter(vcpu: Vcpu, partition: Partition, intid: u32, route: u64): void {
  if (intid < 32 || intid >= INTID_WORDS << 5 || !vcpu.owns(intid)) return;
  if (route >= partition.vcpuCount) return; // also with IRM, or an affinity above Aff0
  routeSpi(intid, vcpuOfPartition(partition, <u32>route));
  recall(vcpu, partition, vcpu, intid >> 5, (<u32>1) << (intid & 31)); // to where it is delivered from now on
}
