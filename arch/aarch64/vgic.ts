// Accesses of a guest to its emulated GIC, of any size, made of the 32-bit registers of vgicd.ts and vgicr.ts (Arm IHI 0069,
// §12.1.3: byte accesses for IPRIORITYR, 64-bit ones for IROUTER and GICR_TYPER; other sizes are not specified, and harmless).

import { Partition, vcpuOfPartition } from "../../core/partition";
import { Vcpu } from "./vcpu";
import { SHIFT_32, SHIFT_64, SHIFT_8 } from "./esr";
import { GICD_IROUTER, GICR_STRIDE_SHIFT, GICR_TYPER, IPRIORITYR, SGI_BASE } from "./gic";
import { readGicd, readRouter, writeGicd, writePriorities, writeRouter } from "./vgicd";
import { loadGicdV2, storeGicdV2 } from "./vgicv2";
import { readGicr, readTyper, writeGicr, writePrivatePriorities } from "./vgicr";

@inline function isPriority(offset: u32): bool { return offset >= IPRIORITYR && offset < IPRIORITYR + 0x400; }

/** Part of a 32-bit register that an access of 2^shift bytes at that offset sees. */
@inline function part(value: u32, offset: u32, shift: u32): u64 {
  if (shift >= SHIFT_32) return value;
  return (value >> ((offset & 3) << 3)) & ((1 << (8 << shift)) - 1);
}

/** A load of 2^shift bytes from the distributor. */
export function loadGicd(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32): u64 {
  // A guest's stage 1 may say Normal memory, where an unaligned access gets as far as here: to the GIC it never is one.
  const at = offset & ~3;
  if (vcpu.gicv2 != 0) return shift == SHIFT_64 ? 0 : part(loadGicdV2(vcpu, partition, at), offset, shift);
  if (shift != SHIFT_64) return part(readGicd(vcpu, partition, at), offset, shift);
  return readRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3); // elsewhere that is no INTID
}

export function storeGicd(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u64): void {
  if (vcpu.gicv2 != 0) return storeGicdV2(vcpu, partition, offset, shift, <u32>value);
  if (shift == SHIFT_32) {
    writeGicd(vcpu, partition, offset & ~3, <u32>value); // a guest that maps it as Normal memory can store unaligned
  } else if (shift == SHIFT_64) {
    writeRouter(vcpu, partition, (offset - GICD_IROUTER) >> 3, value);
  } else if (shift == SHIFT_8 && isPriority(offset)) {
    writePriorities(vcpu, partition, offset - IPRIORITYR, 1, <u32>value);
  }
}

/** The vCPU whose redistributor stands at an offset from the first one; null: behind the last. */
@inline function targetOf(partition: Partition, offset: u32): Vcpu | null {
  const index = offset >> GICR_STRIDE_SHIFT;
  return index < partition.vcpuCount ? vcpuOfPartition(partition, index) : null;
}

const FRAMES_MASK: u32 = (1 << GICR_STRIDE_SHIFT) - 1;

/** A load of 2^shift bytes from the redistributors. */
export function loadGicr(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32): u64 {
  const target = targetOf(partition, offset);
  if (target === null) return 0;
  const at = offset & FRAMES_MASK & ~3;
  if (shift != SHIFT_64) return part(readGicr(vcpu, partition, target, at), offset, shift);
  return at == GICR_TYPER ? readTyper(partition, target) : 0;
}

export function storeGicr(vcpu: Vcpu, partition: Partition, offset: u32, shift: u32, value: u64): void {
  const target = targetOf(partition, offset);
  if (target === null) return;
  const at = offset & FRAMES_MASK;
  if (shift == SHIFT_32) {
    writeGicr(vcpu, partition, target, at & ~3, <u32>value);
  } else if (shift == SHIFT_8 && at >= SGI_BASE + IPRIORITYR && at < SGI_BASE + IPRIORITYR + 32) {
    writePrivatePriorities(vcpu, partition, target, at - SGI_BASE - IPRIORITYR, 1, <u32>value);
  }
}
