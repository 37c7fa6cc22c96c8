// What a blob has of RISC-V's, checked when core/blobCheck.ts comes to it: the promises of partitions/blob/promises.table.ts
// that RISC-V makes.

import {
  BLOB_BAD_CPU, BLOB_BAD_REGION, BLOB_BAD_TABLE, BLOB_OK, BlobCpu, BlobHeader, blobCpu, BlobPartition, BlobRegion, header,
  machine, MAX_CPUS,
} from "../../build/generated/blob";
import { bound } from "../../build/generated/cpu";
import { isDirect } from "../../core/blob";
import { claimFrame, claimWindow } from "../../core/blobCheck";
import { PAGE_BYTES } from "../../core/pages";
import { APLIC_BYTES } from "./aplic";
import { controllerBytes } from "./controller";
import { GUEST_FILE } from "./csrs";
import { fileOf } from "./imsic";

/** For entry.S: where the header says where pCPUs begin; of the first one, its ID. */
export const BLOB_CPUS: u32 = offsetof<BlobHeader>("cpuOffset");
export const BLOB_CPU_ID: u32 = offsetof<BlobCpu>("id");

/** The APLIC numbers harts with 14 bits (AIA 4.5.16). */
const HART_BITS: u64 = 14;

/** frames, identities. */
export function checkMachine(): u32 {
  return (machine().identities & 63) == 63 && claimFrame(machine().aplic, APLIC_BYTES) ? BLOB_OK : BLOB_BAD_TABLE;
}

/** hartNumber, frames. */
export function checkIsaCpu(cpu: BlobCpu): u32 {
  if (cpu.id >> HART_BITS != 0) return BLOB_BAD_CPU;
  const bytes = PAGE_BYTES * <u64>(cpu.guestFiles + 1);
  return bytes <= <u64>1 << machine().imsicShift && claimFrame(fileOf(cpu.id), bytes) ? BLOB_OK : BLOB_BAD_TABLE;
}

/**
 * bandwidth: no interrupt of a counter's is used; flags: direct ones have a file on each hart; ways: none are known; windows.
 */
export function checkIsaPartition(partition: BlobPartition): u32 {
  if ((partition.bandwidthRefills | partition.clusterWays) != 0) return BLOB_BAD_TABLE;
  if (partition.controller != 0 && !claimWindow(partition.controller, controllerBytes(partition))) return BLOB_BAD_REGION;
  if (!isDirect(partition)) return BLOB_OK;
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    if (((partition.cpus >> n) & 1) != 0 && blobCpu(n).guestFiles < GUEST_FILE) return BLOB_BAD_TABLE;
  }
  return BLOB_OK;
}

/** A source that the APLIC has, and a hart's own file an identity for (imsic.ts). */
export function isLine(line: u32): bool { return line != 0 && line <= machine().sources && line < machine().identities; }

/** interface: a direct partition's own file, of one of its own harts. */
export function isControllerRegion(partition: BlobPartition, region: BlobRegion): bool {
  if (!isDirect(partition) || region.size != PAGE_BYTES) return false;
  for (let n: u32 = 0; n < header().cpuCount; n++) {
    bound(n, MAX_CPUS);
    if (((partition.cpus >> n) & 1) != 0 && region.pa == fileOf(blobCpu(n).id) + GUEST_FILE * PAGE_BYTES) return true;
  }
  return false;
}
