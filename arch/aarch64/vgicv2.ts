// The distributor that a partition sees on a GICv2 (Arm IHI 0048, chapter 4.3): vgicd.ts but for what version 3 has elsewhere.
// The first 32 INTIDs are in it, banked by reader (vgicr.ts); an SPI's target is a mask of CPUs, SGIs are sent by a register.

import { bound, loadAcquire32, mmioRead32, mmioRead8, mmioWrite8 } from "../../build/generated/aarch64";
import { machine, MAX_CPUS } from "../../build/generated/blob";
import { FIRST_SPECIAL, FIRST_SPI } from "./interrupts";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { putSenders, SGI_COUNT, spread, takeSenders } from "./sgis";
import { Vcpu } from "./vcpu";
import { SHIFT_32, SHIFT_8 } from "./esr";
import { CPENDSGIR, GICD_CTLR, GICD_SGIR, ICFGR, ICPIDR2, IGROUPR, IPRIORITYR, ITARGETSR, SPENDSGIR } from "./gic";
import { recall } from "./interruptState";
import { sendDirect, sendSgiV2 } from "./sgi";
import { readGicd, writeGicd, writePriorities } from "./vgicd";
import { readSgiFrame, writePrivatePriorities, writeSgiFrame } from "./vgicr";

const PIDR2_GICV2: u32 = 0x2b; // ArchRev 2

/** Registers of a bit an INTID, their words 0; of a byte and of two bits an INTID, the first 32. */
@inline function isBanked(offset: u32): bool {
  if (offset >= IGROUPR && offset < IPRIORITYR) return (offset & 0x7c) == 0;
  return offset >= IPRIORITYR && offset < IPRIORITYR + FIRST_SPI || offset >= ICFGR && offset < ICFGR + 8;
}

/** A 32-bit read; other sizes are made of it by devices.ts. */
export function loadGicdV2(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (isBanked(offset)) return readSgiFrame(vcpu, partition, vcpu, offset);
  if (offset - ITARGETSR < FIRST_SPECIAL) return readTargets(vcpu, partition, offset - ITARGETSR);
  if (offset >= CPENDSGIR && offset < SPENDSGIR + SGI_COUNT) return readPendingSgis(vcpu, (offset - CPENDSGIR) & 15);
  if (offset == GICD_CTLR) return partition.controllerControl;
  if (offset == ICPIDR2) return PIDR2_GICV2;
  return readGicd(vcpu, partition, offset);
}

/** A store of 2^shift bytes. */
export function storeGicdV2(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u32): void {
  if (shift == SHIFT_8) return storeBytes(vcpu, partition, offset, 1, value & 0xff);
  if (shift != SHIFT_32) return;
  const at = offset & ~3;
  if (isBanked(at)) writeSgiFrame(vcpu, partition, vcpu, at, value);
  else if (at == GICD_SGIR) sendSgiV2(vcpu, partition, value);
  else if (at >= ITARGETSR) storeBytes(vcpu, partition, at, 4, value);
  else writeGicd(vcpu, partition, at, value);
}

/** `count` bytes of registers that have a byte an INTID, in one word of them. */
function storeBytes(vcpu: Vcpu, partition: Partition, offset: u32, count: u32, value: u32): void {
  if (offset - IPRIORITYR < FIRST_SPI) writePrivatePriorities(vcpu, partition, vcpu, offset - IPRIORITYR, count, value);
  else if (offset - IPRIORITYR < FIRST_SPECIAL) writePriorities(vcpu, partition, offset - IPRIORITYR, count, value);
  else if (offset - (ITARGETSR + FIRST_SPI) < FIRST_SPECIAL - FIRST_SPI)
    writeTargets(vcpu, partition, offset - ITARGETSR, count, value);
  else if (offset - CPENDSGIR < 2 * SGI_COUNT)
    writePendingSgis(vcpu, partition, (offset - CPENDSGIR) & 15, count, value, offset >= SPENDSGIR);
}

/** A byte for each of four INTIDs: in those bytes of `from` that have one of the bits `bit`, the bit `to`. */
@inline function moved(from: u32, bit: u32, to: u32): u32 { return ((from >> ctz(bit)) & 0x01010101) << ctz(to); }

/** ITARGETSR: the vCPUs that SPIs go to, as a mask each; SGIs and PPIs: the reader. */
function readTargets(vcpu: Vcpu, partition: Partition, first: u32): u32 {
  if (first < FIRST_SPI) return 0x01010101 << vcpu.index;
  const interfaces = mmioRead32(machine().gicd + ITARGETSR + first);
  let targets: u32 = 0;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    targets |= moved(interfaces, vcpuOfPartition(partition, i).interface, (<u32>1) << i);
  }
  return targets & spread(vcpu.owned(first >> 5) >> (first & 31)) * 0xff;
}

/** Owned SPIs among `count` go to those vCPUs (whichever takes it first); vCPUs that the partition does not have are left out. */
function writeTargets(vcpu: Vcpu, partition: Partition, first: u32, count: u32, targets: u32): void {
  let interfaces: u32 = 0;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    interfaces |= moved(targets, (<u32>1) << i, vcpuOfPartition(partition, i).interface);
  }
  let sent: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 4);
    if (!vcpu.owns(first + i)) continue;
    mmioWrite8(machine().gicd + ITARGETSR + first + i, interfaces >> (i << 3));
    sent |= (<u32>1) << ((first + i) & 31);
  }
  if (sent != 0) recall(vcpu, partition, vcpu, first >> 5, sent); // to where they are delivered from now on
}

/** CPENDSGIR, SPENDSGIR: pending SGIs by who sent them; with direct interrupts as if the reader had. */
function readPendingSgis(vcpu: Vcpu, first: u32): u32 {
  if (vcpu.direct == 0) return loadAcquire32(vcpu.sgiSendersAt(first));
  let value: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    bound(i, 4);
    if (mmioRead8(machine().gicd + CPENDSGIR + first + i) != 0) value |= (<u32>1) << vcpu.index << (i << 3);
  }
  return value;
}

/** `count` bytes of SPENDSGIR; of CPENDSGIR. */
function writePendingSgis(vcpu: Vcpu, partition: Partition, first: u32, count: u32, all: u32, pend: bool): void {
  const senders = all & ((((<u32>1) << partition.vcpuCount) - 1) * 0x01010101);
  const bits = senders << ((first & 3) << 3);
  if (vcpu.direct == 0) return pend ? putSenders(vcpu, first, bits) : takeSenders(vcpu, first, bits);
  for (let i: u32 = 0; i < count; i++) {
    bound(i, 4);
    if (((senders >> (i << 3)) & 0xff) == 0) continue;
    // All of them are in the GIC: none is ever off here (IHI 0048 §4.3.5), so sendDirect keeps none back.
    if (pend) sendDirect(vcpu, first + i);
    else mmioWrite8(machine().gicd + CPENDSGIR + first + i, 0xff);
  }
}
