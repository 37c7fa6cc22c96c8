// Which interrupt controller a partition sees: with direct interrupts an APLIC (vaplic.ts), else a PLIC (vplic.ts).

import { BlobPartition } from "../../build/generated/blob";
import { isDirect } from "../../core/blob";
import { Partition } from "../../core/partition";
import { APLIC_BYTES } from "./aplic";
import { readAplic, resetAplic, writeAplic } from "./vaplic";
import { Vcpu } from "./vcpu";
import { PLIC_BYTES, readPlic, resetPlic, writePlic } from "./vplic";

@inline export function controllerBytes(plan: BlobPartition): u64 { return isDirect(plan) ? APLIC_BYTES : PLIC_BYTES; }

@inline export function loadController(vcpu: Vcpu, partition: Partition, offset: u32): u32 {
  return vcpu.direct != 0 ? readAplic(vcpu, partition, offset) : readPlic(vcpu, partition, offset);
}

@inline export function storeController(vcpu: Vcpu, partition: Partition, offset: u32, value: u32): void {
  if (vcpu.direct != 0) writeAplic(vcpu, partition, offset, value);
  else writePlic(vcpu, partition, offset, value);
}

/** The partition begins anew. */
export function resetController(vcpu: Vcpu, partition: Partition): void {
  if (vcpu.direct != 0) resetAplic(vcpu, partition);
  else resetPlic(partition);
}
