// SGIs: a guest's write to ICC_SGI1R_EL1 (Arm IHI 0069, §12.2.18), confined to its partition. Aff0 is the index of a vCPU
// and the other affinity levels are 0, so every vCPU is in TargetList; a target that the partition does not have is dropped.
//
//   63 56 55  48 47 44 43 41 40 39  32 31 28 27   24 23  16 15         0
//  ┌─────┬──────┬─────┬─────┬──┬──────┬─────┬───────┬──────┬────────────┐
//  │     │ Aff3 │ RS  │     │IR│ Aff2 │     │ INTID │ Aff1 │ TargetList │
//  └─────┴──────┴─────┴─────┴──┴──────┴─────┴───────┴──────┴────────────┘

import { atomicOr32, bound } from "../../build/generated/cpu";
import { MAX_CPUS } from "../../build/generated/blob";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { Vcpu } from "../../core/vcpu";
import { VCPU_ON } from "../../core/abi";
import { kick } from "./gicv3";
import { sendToSelf } from "./listRegisters";

const IRM: u64 = (<u64>1) << 40;
const AFFINITY_AND_RS: u64 = 0x00fff0ff00ff0000;
const TARGET_LIST: u32 = 0xffff;
const INTID_SHIFT: u32 = 24;

/** Sends what the guest wrote. */
export function sendSgi(vcpu: Vcpu, partition: Partition, value: u64): void {
  const intid = ((<u32>value) >> INTID_SHIFT) & 15;
  let targets: u32 = 0;
  if ((value & IRM) != 0) targets = ~((<u32>1) << vcpu.index);
  else if ((value & AFFINITY_AND_RS) == 0) targets = (<u32>value) & TARGET_LIST;
  targets &= ((<u32>1) << partition.vcpuCount) - 1;
  const self = (<u32>1) << vcpu.index;
  if ((targets & self) != 0) sendToSelf(vcpu, intid);
  targets &= ~self;
  for (let i: u32 = 0; targets != 0; i++) {
    bound(i, MAX_CPUS);
    const target = vcpuOfPartition(partition, ctz(targets));
    targets &= targets - 1;
    atomicOr32(target.sgiPendingAt(), (<u32>1) << intid);
    if (target.state == VCPU_ON) kick(target);
  }
}
