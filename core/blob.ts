// The system blob as it stands in linear memory, once blobCheck.ts has found it sound. Layout: partitions/blob/layout.table.ts.

import {
  BLOB_CHANNEL_SIZE, BLOB_CPU_SIZE, BLOB_HEADER_SIZE, BLOB_INTERRUPT_SIZE, BLOB_LOAD_SIZE, BLOB_MAGIC, BLOB_MAX_BYTES,
  BLOB_PARTITION_SIZE, BLOB_QUIESCE_SIZE, BLOB_REGION_SIZE, BLOB_VERSION, BlobChannel, BlobCpu, BlobHeader, BlobInterrupt, BlobLoad, BlobPartition,
  BlobQuiesce, BlobRegion, PARTITION_DIRECT,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

export const MAX_REGIONS: u32 = 64;
export const MAX_LOADS: u32 = 32;
export const MAX_INTERRUPTS: u32 = 256;
export const MAX_CHANNELS: u32 = 32;
export const MAX_QUIESCES: u32 = 64;

export const GIC_V2: u32 = 2;
export const GIC_V3: u32 = 3;
/** What the hypervisor drives, and what a partition sees emulated: a redistributor, a PL011; GICv2's interfaces. */
export const GICR_BYTES: u64 = 0x20000;
export const UART_BYTES: u64 = 0x1000;
export const GICV2_GICD_BYTES: u64 = 0x1000;
export const GICV3_GICD_BYTES: u64 = 0x10000;
export const GICC_BYTES: u64 = 0x2000;
/** Its second page shows every pCPU's (GIC-400). */
export const GICH_BYTES: u64 = 0x2000;

// What is wrong with a blob; blobErrorText gives the words.
export const BLOB_OK: u32 = 0;
export const BLOB_BAD_MAGIC: u32 = 1;
export const BLOB_BAD_VERSION: u32 = 2;
export const BLOB_BAD_SIZE: u32 = 3;
export const BLOB_BAD_CHECKSUM: u32 = 4;
export const BLOB_BAD_TABLE: u32 = 5;
export const BLOB_BAD_CPU: u32 = 6;
export const BLOB_BAD_PARTITION: u32 = 7;
export const BLOB_BAD_REGION: u32 = 8;
export const BLOB_BAD_INTERRUPT: u32 = 9;
export const BLOB_BAD_LOAD: u32 = 10;
export const BLOB_BAD_CHANNEL: u32 = 11;
export const BLOB_WRONG_ADDRESS: u32 = 12;
export const BLOB_BAD_QUIESCE: u32 = 13;

/** Where the blob stands in linear memory; arch copies it here. */
export const blobBuffer: usize = memory.data(BLOB_MAX_BYTES, 64);

@inline export function header(): BlobHeader { return changetype<BlobHeader>(blobBuffer); }
@inline export function blobCpu(n: u32): BlobCpu { return changetype<BlobCpu>(blobBuffer + header().cpuOffset + n * BLOB_CPU_SIZE); }
@inline export function blobPartition(n: u32): BlobPartition {
  return changetype<BlobPartition>(blobBuffer + header().partitionOffset + n * BLOB_PARTITION_SIZE);
}
@inline export function blobRegion(n: u32): BlobRegion {
  return changetype<BlobRegion>(blobBuffer + header().regionOffset + n * BLOB_REGION_SIZE);
}
@inline export function blobInterrupt(n: u32): BlobInterrupt {
  return changetype<BlobInterrupt>(blobBuffer + header().interruptOffset + n * BLOB_INTERRUPT_SIZE);
}
@inline export function blobLoad(n: u32): BlobLoad { return changetype<BlobLoad>(blobBuffer + header().loadOffset + n * BLOB_LOAD_SIZE); }
@inline export function blobChannel(n: u32): BlobChannel {
  return changetype<BlobChannel>(blobBuffer + header().channelOffset + n * BLOB_CHANNEL_SIZE);
}
@inline export function blobQuiesce(n: u32): BlobQuiesce {
  return changetype<BlobQuiesce>(blobBuffer + header().quiesceOffset + n * BLOB_QUIESCE_SIZE);
}

@inline export function isGicV2(): bool { return header().gicVersion == GIC_V2; }

/** Bytes of GICD: physical, and emulated. */
@inline export function gicdBytes(): u64 { return isGicV2() ? GICV2_GICD_BYTES : GICV3_GICD_BYTES; }
@inline export function isDirect(partition: BlobPartition): bool { return (partition.flags & PARTITION_DIRECT) != 0; }

/** The region of a partition that has that IPA; null: none has. */
export function regionAt(partition: BlobPartition, ipa: u64): BlobRegion | null {
  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(partition.regionFirst + i);
    if (ipa - region.ipa < region.size) return region;
  }
  return null;
}

/** PA of a partition's mailbox; 0: it has none. */
export function mailboxOf(partition: BlobPartition): u64 {
  if (partition.mailbox == 0) return 0;
  const region = regionAt(partition, partition.mailbox);
  return region === null ? 0 : region.pa;
}

/** Checks the first 16 bytes: enough to know how much to copy. `bytes` is what there is of the image behind the core. */
export function checkHeader(bytes: u64): u32 {
  const head = header();
  if (head.magic != BLOB_MAGIC) return BLOB_BAD_MAGIC;
  if (head.version != BLOB_VERSION) return BLOB_BAD_VERSION;
  if (head.size < BLOB_HEADER_SIZE || head.size > BLOB_MAX_BYTES || (head.size & 7) != 0 || head.size > bytes) return BLOB_BAD_SIZE;
  return BLOB_OK;
}

/** What to print before stopping; then blobRemedy. */
export function blobErrorText(error: u32): string {
  if (error == BLOB_BAD_MAGIC) return "no system blob behind the core";
  if (error == BLOB_BAD_VERSION) return "the blob has another version than this core";
  if (error == BLOB_BAD_SIZE) return "the blob is truncated";
  if (error == BLOB_BAD_CHECKSUM) return "the blob was altered (checksum)";
  if (error == BLOB_BAD_CPU) return "the blob gives a pCPU twice, or none";
  if (error == BLOB_BAD_REGION) return "the blob has overlapping or unaligned memory";
  if (error == BLOB_BAD_INTERRUPT) return "the blob gives an interrupt twice, or a missing one";
  if (error == BLOB_BAD_LOAD) return "the blob loads outside its partition";
  if (error == BLOB_BAD_CHANNEL) return "the blob has a channel without a partner";
  if (error == BLOB_BAD_QUIESCE) return "the blob silences a foreign device";
  if (error == BLOB_WRONG_ADDRESS) return "the image is not where the plan wants it";
  return "the blob is inconsistent";
}

/** What to do about it. */
export function blobRemedy(error: u32): string {
  if (error == BLOB_WRONG_ADDRESS) return ": load it where axv-part plan says";
  return error <= BLOB_BAD_CHECKSUM ? ": build the image again (axv-part build), check how it was copied" : ": run axv-part check";
}
