// The system blob as it stands in linear memory, once blobCheck.ts has found it sound. Layout: partitions/blob/layout.table.ts.

import {
  BLOB_BAD_CHECKSUM, BLOB_BAD_ISA, BLOB_BAD_MAGIC, BLOB_BAD_SIZE, BLOB_BAD_VERSION, BLOB_ERROR_BYTES, BLOB_FIXED_BYTES, BLOB_ISA,
  BLOB_MAGIC, BLOB_MAX_BYTES, BLOB_OK, BLOB_VERSION, BLOB_WRONG_ADDRESS, blobErrorTexts, BlobPartition, BlobRegion, blobRegion,
  header, MAX_REGIONS, PARTITION_DIRECT, PARTITION_TELEMETRY, REGION_RAM,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

/** The hypervisor maps what it uses at VA = PA: below its linear-memory window, at 256 GiB. */
export const PA_BITS: u32 = 38;
export const PA_LIMIT: u64 = (<u64>1) << PA_BITS;

/** What the hypervisor drives, and what a partition sees emulated. */
export const UART_BYTES: u64 = 0x1000;

/** Bytes of the UARTs that a partition sees: its console, and behind it the one that it reads along by. */
@inline export function consoleBytes(partition: BlobPartition): u64 {
  return readsAlong(partition) ? 2 * UART_BYTES : UART_BYTES;
}
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

/** Checks the header's beginning: enough to know how much to copy. */
export function checkHeader(): u32 {
  const head = header();
  if (head.magic != BLOB_MAGIC) return BLOB_BAD_MAGIC;
  if (head.version != BLOB_VERSION) return BLOB_BAD_VERSION;
  if (head.isa != BLOB_ISA) return BLOB_BAD_ISA;
  if (head.size < BLOB_FIXED_BYTES || head.size > BLOB_MAX_BYTES || (head.size & 7) != 0) return BLOB_BAD_SIZE;
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
