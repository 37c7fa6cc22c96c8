// The distributor that a partition sees on a GICv2 (Arm IHI 0048, chapter 4.3): vgicd.ts but for what version 3 has elsewhere. The
// first 32 INTIDs are in it, banked by reader (vgicr.ts); an SPI's target is a mask of CPUs, SGIs are sent by a register.

import { mmioRead8, mmioWrite8 } from "../../build/generated/aarch64";
import { atomicAnd32, bound } from "../../build/generated/cpu";
import { MAX_CPUS } from "../../build/generated/blob";
import { header } from "../../core/blob";
import { FIRST_SPECIAL, FIRST_SPI } from "../../core/interrupts";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import { CPENDSGIR, GICD_CTLR, GICD_SGIR, ICFGR, ICPIDR2, IGROUPR, IPRIORITYR, ITARGETSR, SGI_COUNT, SPENDSGIR } from "./gic";
import { putSgi, recallSgis, reload, sendersOf } from "./listRegisters";
import { sendDirect, sendSgiV2 } from "./sgi";
import { readGicd, sendBack, writeGicd, writePriorities } from "./vgicd";
import { readSgiFrame, writePrivatePriorities, writeSgiFrame } from "./vgicr";

/** ArchRev 2. */
const PIDR2_GICV2: u32 = 0x2b;
const SHIFT_8: u32 = 0;
const SHIFT_32: u32 = 2;

/** Registers of a bit an INTID, their words 0; of a byte and of two bits an INTID, the first 32. */
@inline function isBanked(offset: u32): bool {
  if (offset >= IGROUPR && offset < IPRIORITYR) return (offset & 0x7c) == 0;
  return offset >= IPRIORITYR && offset < IPRIORITYR + FIRST_SPI || offset >= ICFGR && offset < ICFGR + 8;
}

/** A 32-bit read; other sizes are made of it by vgic.ts. */
export function loadGicdV2(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  if (isBanked(offset)) return readSgiFrame(vcpu, partition, vcpu, offset);
  if (offset >= ITARGETSR && offset < ITARGETSR + FIRST_SPECIAL) {
    let value: u32 = 0;
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      value |= readTarget(vcpu, partition, offset - ITARGETSR + i) << (i << 3);
    }
    return value;
  }
  if (offset >= CPENDSGIR && offset < SPENDSGIR + SGI_COUNT) return readPendingSgis(vcpu, (offset - CPENDSGIR) & 15);
  if (offset == GICD_CTLR) return partition.distributorControl;
  if (offset == ICPIDR2) return PIDR2_GICV2;
  return offset < ICFGR + 0x100 ? readGicd(vcpu, partition, offset) : 0;
}

/** A store of 2^shift bytes. */
export function storeGicdV2(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u32): void {
  if (shift == SHIFT_8) {
    storeByte(vcpu, partition, offset, value & 0xff);
    return;
  }
  if (shift != SHIFT_32) return;
  const at = offset & ~3;
  if (isBanked(at)) {
    writeSgiFrame(vcpu, partition, vcpu, at, value);
  } else if (at == GICD_SGIR) {
    sendSgiV2(vcpu, partition, value);
  } else if (at >= ITARGETSR && at < ITARGETSR + FIRST_SPECIAL || at >= CPENDSGIR && at < SPENDSGIR + SGI_COUNT) {
    for (let i: u32 = 0; i < 4; i++) {
      bound(i, 4);
      storeByte(vcpu, partition, at + i, (value >> (i << 3)) & 0xff);
    }
  } else if (at < ICFGR) {
    writeGicd(vcpu, partition, at, value);
  }
}

/** Registers that have a byte an INTID. */
function storeByte(vcpu: Vcpu, partition: Partition, offset: u32, value: u32): void {
  if (offset >= IPRIORITYR && offset < IPRIORITYR + FIRST_SPI) writePrivatePriorities(vcpu, partition, vcpu, offset - IPRIORITYR, 1, value);
  else if (offset >= IPRIORITYR && offset < IPRIORITYR + FIRST_SPECIAL) writePriorities(vcpu, partition, offset - IPRIORITYR, 1, value);
  else if (offset >= ITARGETSR + FIRST_SPI && offset < ITARGETSR + FIRST_SPECIAL) writeTarget(vcpu, partition, offset - ITARGETSR, value);
  else if (offset >= CPENDSGIR && offset < CPENDSGIR + SGI_COUNT) clearPendingSgi(vcpu, offset - CPENDSGIR, value);
  else if (offset >= SPENDSGIR && offset < SPENDSGIR + SGI_COUNT) setPendingSgi(vcpu, partition, offset - SPENDSGIR, value);
}

/** The vCPUs that an SPI goes to, as a mask; an SGI or PPI: the reader. */
function readTarget(vcpu: Vcpu, partition: Partition, intid: u32): u32 {
  if (intid < FIRST_SPI) return (<u32>1) << vcpu.index;
  if (!vcpu.owns(intid)) return 0;
  const interfaces = mmioRead8(header().gicd + ITARGETSR + intid);
  let targets: u32 = 0;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    if ((interfaces & vcpuOfPartition(partition, i).interface) != 0) targets |= (<u32>1) << i;
  }
  return targets;
}

/** An owned SPI goes to those vCPUs (whichever takes it first); vCPUs that the partition does not have are left out. */
function writeTarget(vcpu: Vcpu, partition: Partition, intid: u32, targets: u32): void {
  if (!vcpu.owns(intid)) return;
  let interfaces: u32 = 0;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    if (((targets >> i) & 1) != 0) interfaces |= vcpuOfPartition(partition, i).interface;
  }
  mmioWrite8(header().gicd + ITARGETSR + intid, interfaces);
  sendBack(vcpu, partition, intid);
}

/** Pending SGIs by who sent them; with direct interrupts as if the reader had. */
function readPendingSgis(vcpu: Vcpu, first: u32): u32 {
  let value: u32 = 0;
  if (vcpu.direct == 0) recallSgis(vcpu);
  for (let i: u32 = 0; i < 4; i++) {
    bound(i, 4);
    if (vcpu.direct == 0) value |= sendersOf(vcpu, first + i) << (i << 3);
    else if (mmioRead8(header().gicd + CPENDSGIR + first + i) != 0) value |= (<u32>1) << vcpu.index << (i << 3);
  }
  if (vcpu.direct == 0) reload(vcpu);
  return value;
}

function clearPendingSgi(vcpu: Vcpu, sgi: u32, senders: u32): void {
  if (vcpu.direct == 0) {
    recallSgis(vcpu);
    atomicAnd32(vcpu.sgiSendersAt(sgi), ~(senders << ((sgi & 3) << 3)));
    reload(vcpu);
  } else if (senders != 0) {
    mmioWrite8(header().gicd + CPENDSGIR + sgi, 0xff);
    atomicAnd32(vcpu.sgiPendingAt(), ~((<u32>1) << sgi));
  }
}

function setPendingSgi(vcpu: Vcpu, partition: Partition, sgi: u32, all: u32): void {
  let senders = all & (((<u32>1) << partition.vcpuCount) - 1);
  if (senders == 0) return;
  if (vcpu.direct != 0) {
    sendDirect(vcpu, sgi);
    return;
  }
  for (let i: u32 = 0; senders != 0; i++) {
    bound(i, MAX_CPUS);
    putSgi(vcpu, sgi, <u32>ctz(senders));
    senders &= senders - 1;
  }
  reload(vcpu);
}
