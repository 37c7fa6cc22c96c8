// SBI's calls that name harts by a mask: IPI and RFENCE (RISC-V SBI 2.0, "Hart List Parameter"). A guest's harts are its vCPUs,
// by their indexes; one that it has not is refused, and then nothing is done.

import { fenceI, hfenceVvma } from "../../build/generated/riscv64";
import { bound } from "../../build/generated/cpu";
import { MAX_CPUS } from "../../build/generated/blob";
import { Partition, vcpuOfPartition } from "../../core/partition";
import { onHart, REMOTE_FENCE_I, REMOTE_HFENCE_VVMA } from "./firmware";
import { INVALID_PARAM, NOT_SUPPORTED, SUCCESS } from "./sbiErrors";
import { sendSoftware } from "./softwareInterrupts";
import { Vcpu } from "./vcpu";

const SEND_IPI: u64 = 0;
// RFENCE
const FENCE_I: u64 = 0;
const SFENCE_VMA_ASID: u64 = 2;

/** hart_mask_base: all of them. */
const ALL: u64 = 0xffffffffffffffff;
const NOT_ITS: u32 = 0xffffffff;

/** Its vCPUs that a mask names, or NOT_ITS. */
function named(partition: Partition, mask: u64, base: u64): u32 {
  const all = (<u64>1 << partition.vcpuCount) - 1;
  if (base == ALL) return <u32>all;
  return base < partition.vcpuCount && mask <= all >> base ? <u32>(mask << base) : NOT_ITS;
}

export function sendIpi(vcpu: Vcpu, partition: Partition): i64 {
  if (vcpu.a6 != SEND_IPI) return NOT_SUPPORTED;
  let targets = named(partition, vcpu.a0, vcpu.a1);
  if (targets == NOT_ITS) return INVALID_PARAM;
  for (let i: u32 = 0; targets != 0; i++, targets &= targets - 1) {
    bound(i, MAX_CPUS);
    sendSoftware(vcpu, vcpuOfPartition(partition, ctz(targets)));
  }
  return SUCCESS;
}

/** Whatever address, size and ASID are: all of the guest's is forgotten. Firmware does it on its other harts, nowhere else. */
export function remoteFence(vcpu: Vcpu, partition: Partition): i64 {
  const asked = vcpu.a6;
  if (asked > SFENCE_VMA_ASID) return NOT_SUPPORTED; // of guests of its own
  let targets = named(partition, vcpu.a0, vcpu.a1);
  if (targets == NOT_ITS) return INVALID_PARAM;
  for (let i: u32 = 0; targets != 0; i++, targets &= targets - 1) {
    bound(i, MAX_CPUS);
    const target = vcpuOfPartition(partition, ctz(targets));
    if (target != vcpu) onHart(target.id, asked == FENCE_I ? REMOTE_FENCE_I : REMOTE_HFENCE_VVMA);
    else if (asked == FENCE_I) fenceI();
    else hfenceVvma();
  }
  return SUCCESS;
}
