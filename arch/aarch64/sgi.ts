// SGIs that a guest sends, confined to its partition: by ICC_SGI1R_EL1 (Arm IHI 0069, §12.2.18) or GICv2's GICD_SGIR (IHI 0048,
// §4.3.15). Aff0 (GICv2: the CPU number) is the index of a vCPU and the other affinity levels are 0, so every vCPU is in
// TargetList; a target that the partition does not have is dropped.
//
//   63 56 55  48 47 44 43 41 40 39  32 31 28 27   24 23  16 15         0
//  ┌─────┬──────┬─────┬─────┬──┬──────┬─────┬───────┬──────┬────────────┐
//  │     │ Aff3 │ RS  │     │IR│ Aff2 │     │ INTID │ Aff1 │ TargetList │    ICC_SGI1R_EL1
//  └─────┴──────┴─────┴─────┴──┴──────┴─────┴───────┴──────┴────────────┘
//   31 26 25    24 23      16 15           4 3     0
//  ┌─────┬────────┬──────────┬──────────────┬───────┐
//  │     │ Filter │TargetList│              │ INTID │                          GICD_SGIR; filter 1: all others, 2: itself
//  └─────┴────────┴──────────┴──────────────┴───────┘

import { bound, mmioWrite32, msr_ICC_SGI1R_EL1, msr_ICH_LR0_EL2 } from "../../build/generated/aarch64";
import { emptyListRegisters } from "./cpuInterface";
import { machine, MAX_CPUS } from "../../build/generated/blob";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { putSgi } from "./sgis";
import { Vcpu } from "./vcpu";
import { VCPU_ON } from "../../core/abi";
import { GICD_SGIR, kick, KICK_SGI, SGI1R_INTID_SHIFT, SGIR_TARGETS_SHIFT, sendPhysicalSgi } from "./gic";
import { writeSgiV2 } from "./gicv2";
import { softwareInterrupt } from "./listRegisters";

const IRM: u64 = (<u64>1) << 40;
const AFFINITY_AND_RS: u64 = 0x00fff0ff00ff0000;
const TARGET_LIST: u32 = 0xffff;
const FILTER_SHIFT: u32 = 24;
const FILTER_LIST: u32 = 0;
const FILTER_OTHERS: u32 = 1;
const FILTER_SELF: u32 = 2;

/** ICC_SGI1R_EL1, GICD_SGIR: to the sender's own vCPU alone. */
@inline export function sgi1rToSelf(vcpu: Vcpu, value: u64): bool {
  return (value & (IRM | AFFINITY_AND_RS)) == 0 && (<u32>value & TARGET_LIST) == (<u32>1) << vcpu.index;
}
@inline export function sgirToSelf(vcpu: Vcpu, value: u32): bool {
  const filter = (value >> FILTER_SHIFT) & 3;
  return filter == FILTER_SELF || value >> SGIR_TARGETS_SHIFT == (<u32>1) << vcpu.index; // of a list the filter is 0
}

/** An SGI to the sender itself when nothing stands in its way; false: something does. */
@inline export function sendQuickly(vcpu: Vcpu, intid: u32): bool {
  const v2 = vcpu.gicv2 != 0;
  if (vcpu.direct != 0) {
    if (intid == KICK_SGI) return false;
    // No barriers: it sees its own stores, and ERET is next.
    if (v2) mmioWrite32(machine().gicd + GICD_SGIR, <u32>vcpu.sgiTarget | intid);
    else msr_ICC_SGI1R_EL1(vcpu.sgiTarget | (<u64>intid << SGI1R_INTID_SHIFT));
    return true;
  }
  if (emptyListRegisters(v2) != vcpu.idle || ((vcpu.sgiEnabled >> intid) & 1) == 0) return false;
  if (v2) writeSgiV2(intid, vcpu.privatePriority(intid), vcpu.index);
  else msr_ICH_LR0_EL2(softwareInterrupt(intid, vcpu.privatePriority(intid)));
  return true;
}

/** Sends what the guest wrote to ICC_SGI1R_EL1. True: to the sender itself, too. */
export function sendSgi(vcpu: Vcpu, partition: Partition, value: u64): bool {
  let targets: u32 = 0;
  if ((value & IRM) != 0) targets = ~((<u32>1) << vcpu.index);
  else if ((value & AFFINITY_AND_RS) == 0) targets = (<u32>value) & TARGET_LIST;
  send(vcpu, partition, ((<u32>value) >> SGI1R_INTID_SHIFT) & 15, targets);
  return ((targets >> vcpu.index) & 1) != 0;
}

export function sendSgiV2(vcpu: Vcpu, partition: Partition, value: u32): void {
  const filter = (value >> FILTER_SHIFT) & 3;
  const self = (<u32>1) << vcpu.index;
  let targets: u32 = 0;
  if (filter == FILTER_LIST) targets = value >> SGIR_TARGETS_SHIFT; // and what is above: nobody (send)
  else if (filter == FILTER_OTHERS) targets = ~self;
  else if (filter == FILTER_SELF) targets = self;
  send(vcpu, partition, value & 15, targets);
}

/** Bit n of `targets`: vCPU n. */
function send(vcpu: Vcpu, partition: Partition, intid: u32, all: u32): void {
  let targets = all & (((<u32>1) << partition.vcpuCount) - 1);
  for (let i: u32 = 0; targets != 0; i++, targets &= targets - 1) {
    bound(i, MAX_CPUS);
    const target = vcpuOfPartition(partition, ctz(targets));
    if (vcpu.direct != 0) {
      sendDirect(target, intid);
      continue;
    }
    putSgi(target, intid, vcpu.index);
    if (target.pcpu != vcpu.pcpu && target.state == VCPU_ON) kick(target); // the sender itself looks at the end of this exit
  }
}

/**
 * To a vCPU with direct interrupts: the physical SGI of that number. Enable and pending are the physical ones, but for the number
 * that the hypervisor kicks with, which is always enabled.
 */
export function sendDirect(target: Vcpu, intid: u32): void {
  if (intid == KICK_SGI && target.sgiEnabled == 0) putSgi(target, intid, 0);
  else if (target.state == VCPU_ON) sendPhysicalSgi(target, intid);
}
