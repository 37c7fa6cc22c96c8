// The system blob as it stands in linear memory, once blobCheck.ts has found it sound. Layout: partitions/blob/layout.table.ts.

import {
  BLOB_BAD_CHECKSUM, BLOB_BAD_MAGIC, BLOB_BAD_SIZE, BLOB_BAD_VERSION, BLOB_ERROR_BYTES, BLOB_HEADER_SIZE, BLOB_MAGIC, BLOB_MAX_BYTES, BLOB_OK,
  BLOB_VERSION, BLOB_WRONG_ADDRESS, blobErrorTexts, BlobPartition, BlobRegion, blobRegion, header, MAX_REGIONS, PARTITION_DIRECT, PARTITION_TELEMETRY, REGION_RAM,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

export {
  blobBuffer, blobChannel, blobCpu, blobInterrupt, blobLoad, blobPartition, blobQuiesce, blobRam, blobRegion, header, MAX_BANKS, MAX_CHANNELS,
  MAX_INTERRUPTS, MAX_LOADS, MAX_QUIESCES, MAX_REGIONS,
} from "../build/generated/blob";

/** The hypervisor maps what it uses at VA = PA: below its linear-memory window, at 256 GiB. */
export const PA_BITS: u32 = 38;
export const PA_LIMIT: u64 = (<u64>1) << PA_BITS;

export const GIC_V2: u32 = 2;
export const GIC_V3: u32 = 3;
/** What the hypervisor drives, and what a partition sees emulated: a redistributor, a PL011; GICv2's interfaces. */
export const GICR_BYTES: u64 = 0x20000;
export const UART_BYTES: u64 = 0x1000;
export const GICV2_GICD_BYTES: u64 = 0x1000;
export const GICV3_GICD_BYTES: u64 = 0x10000;
export const GICC_BYTES: u64 = 0x2000;
/** Its second page shows every pCPU's (GIC-400). */
export const GICH_BYTES: u64 = GICC_BYTES;

@inline export function isGicV2(): bool { return header().gicVersion == GIC_V2; }

/** Bytes of GICD: physical, and emulated. */
@inline export function gicdBytes(): u64 { return isGicV2() ? GICV2_GICD_BYTES : GICV3_GICD_BYTES; }
/** Bytes of the PL011s that a partition sees: its console, and behind it the one that it reads along by. */
@inline export function consoleBytes(partition: BlobPartition): u64 { return readsAlong(partition) ? 2 * UART_BYTES : UART_BYTES; }
@inline export function readsAlong(partition: BlobPartition): bool { return (partition.flags & PARTITION_TELEMETRY) != 0; }
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

/** The partition has RAM at that IPA, with these rights. */
export function isMemory(partition: BlobPartition, ipa: u64, access: u32): bool {
  const region = regionAt(partition, ipa);
  return region !== null && region.kind == REGION_RAM && (region.access & access) == access;
}

/** PA of what the partition shares with the hypervisor at that IPA, its mailbox or its tag image; 0: nothing. */
export function sharedAt(partition: BlobPartition, ipa: u64): u64 {
  const region = regionAt(partition, ipa);
  return ipa == 0 || region === null ? 0 : region.pa + (ipa - region.ipa);
}

/** Checks the first 16 bytes: enough to know how much to copy. */
export function checkHeader(): u32 {
  const head = header();
  if (head.magic != BLOB_MAGIC) return BLOB_BAD_MAGIC;
  if (head.version != BLOB_VERSION) return BLOB_BAD_VERSION;
  if (head.size < BLOB_HEADER_SIZE || head.size > BLOB_MAX_BYTES || (head.size & 7) != 0) return BLOB_BAD_SIZE;
  return BLOB_OK;
}

/** What to print before stopping, in bytes up to a 0; then blobRemedy. */
export function blobErrorText(error: u32): usize {
  let at = blobErrorTexts;
  for (let i: u32 = 0; error != 0; i++) {
    bound(i, BLOB_ERROR_BYTES);
    if (load<u8>(at++) == 0) error--;
  }
  return at;
}

/** What to do about it. */
export function blobRemedy(error: u32): string {
  if (error == BLOB_WRONG_ADDRESS) return ": load it where axv-part plan says";
  return error <= BLOB_BAD_CHECKSUM ? ": build the image again, check how it was copied" : ": run axv-part check";
}
