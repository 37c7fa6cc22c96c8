// The system blob, validated: nothing that the planner promises is taken on trust, because the blob may be truncated,
// altered, or made by another version. What a reader of the core may rely on afterwards is exactly what is checked here.
// Layout: partitions/blob/layout.table.ts.

import {
  BLOB_CHANNEL_SIZE, BLOB_CPU_SIZE, BLOB_HEADER_SIZE, BLOB_INTERRUPT_SIZE, BLOB_LOAD_SIZE, BLOB_MAGIC, BLOB_MAX_BYTES,
  BLOB_PARTITION_SIZE, BLOB_QUIESCE_SIZE, BLOB_REGION_SIZE, BLOB_VERSION, BlobChannel, BlobCpu, BlobHeader, BlobInterrupt, BlobLoad, BlobPartition,
  BlobQuiesce, BlobRegion, MAX_CPUS, MAX_PARTITIONS, NONE, REGION_CHANNEL, REGION_DEVICE, REGION_RAM,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { crc32 } from "./crc32";
import { INTID_WORDS } from "./vcpu";

export const MAX_REGIONS: u32 = 64;
export const MAX_LOADS: u32 = 32;
export const MAX_INTERRUPTS: u32 = 256;
export const MAX_CHANNELS: u32 = 32;
export const MAX_QUIESCES: u32 = 64;

const CHECKSUM_FROM: u32 = 16;
const PAGE_MASK: u64 = 0xfff;
const LOAD_MASK: u64 = 63;
/** The hypervisor maps what it uses at VA = PA: below its linear-memory window, at 256 GiB. */
const PA_LIMIT: u64 = (<u64>1) << 38;
/** What the hypervisor drives, and what a partition sees emulated: GICD, a redistributor, a PL011. */
const GICD_BYTES: u64 = 0x10000;
const GICR_BYTES: u64 = 0x20000;
const UART_BYTES: u64 = 0x1000;

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

@inline export function header(): BlobHeader {
  return changetype<BlobHeader>(blobBuffer);
}
@inline export function blobCpu(n: u32): BlobCpu {
  return changetype<BlobCpu>(blobBuffer + header().cpuOffset + n * BLOB_CPU_SIZE);
}
@inline export function blobPartition(n: u32): BlobPartition {
  return changetype<BlobPartition>(blobBuffer + header().partitionOffset + n * BLOB_PARTITION_SIZE);
}
@inline export function blobRegion(n: u32): BlobRegion {
  return changetype<BlobRegion>(blobBuffer + header().regionOffset + n * BLOB_REGION_SIZE);
}
@inline export function blobInterrupt(n: u32): BlobInterrupt {
  return changetype<BlobInterrupt>(blobBuffer + header().interruptOffset + n * BLOB_INTERRUPT_SIZE);
}
@inline export function blobLoad(n: u32): BlobLoad {
  return changetype<BlobLoad>(blobBuffer + header().loadOffset + n * BLOB_LOAD_SIZE);
}
@inline export function blobChannel(n: u32): BlobChannel {
  return changetype<BlobChannel>(blobBuffer + header().channelOffset + n * BLOB_CHANNEL_SIZE);
}
@inline export function blobQuiesce(n: u32): BlobQuiesce {
  return changetype<BlobQuiesce>(blobBuffer + header().quiesceOffset + n * BLOB_QUIESCE_SIZE);
}

/** Checks the first 16 bytes: enough to know how much to copy. `bytes` is what there is of the image behind the core. */
export function checkHeader(bytes: u64): u32 {
  const head = header();
  if (head.magic != BLOB_MAGIC) return BLOB_BAD_MAGIC;
  if (head.version != BLOB_VERSION) return BLOB_BAD_VERSION;
  if (head.size < BLOB_HEADER_SIZE || head.size > BLOB_MAX_BYTES || (head.size & 7) != 0 || head.size > bytes) return BLOB_BAD_SIZE;
  return BLOB_OK;
}

/**
 * Checks the whole blob, once it stands in blobBuffer. `imageBase` is where the image was really loaded, `coreSize` where the blob
 * begins in it. Afterwards every
 * index and offset in it is in range, every CPU, SPI and page of RAM or device has one owner, and nobody has the hypervisor's.
 */
export function checkBlob(imageBase: u64, coreSize: u64): u32 {
  const head = header();
  if (crc32(blobBuffer + CHECKSUM_FROM, head.size - CHECKSUM_FROM) != head.checksum) return BLOB_BAD_CHECKSUM;
  if (head.hypervisorSize < coreSize + head.size || head.hypervisorSize > PA_LIMIT) return BLOB_BAD_SIZE;
  if (head.imageBase != 0 && head.imageBase != imageBase) return BLOB_WRONG_ADDRESS;
  if (!fits(head.cpuOffset, head.cpuCount, BLOB_CPU_SIZE, MAX_CPUS)) return BLOB_BAD_TABLE;
  if (!fits(head.partitionOffset, head.partitionCount, BLOB_PARTITION_SIZE, MAX_PARTITIONS)) return BLOB_BAD_TABLE;
  if (!fits(head.regionOffset, head.regionCount, BLOB_REGION_SIZE, MAX_REGIONS)) return BLOB_BAD_TABLE;
  if (!fits(head.interruptOffset, head.interruptCount, BLOB_INTERRUPT_SIZE, MAX_INTERRUPTS)) return BLOB_BAD_TABLE;
  if (!fits(head.loadOffset, head.loadCount, BLOB_LOAD_SIZE, MAX_LOADS)) return BLOB_BAD_TABLE;
  if (!fits(head.channelOffset, head.channelCount, BLOB_CHANNEL_SIZE, MAX_CHANNELS)) return BLOB_BAD_TABLE;
  if (!fits(head.quiesceOffset, head.quiesceCount, BLOB_QUIESCE_SIZE, MAX_QUIESCES)) return BLOB_BAD_TABLE;
  if (head.cpuCount == 0 || head.housekeeper >= head.cpuCount) return BLOB_BAD_CPU;
  if (head.spiLimit < 64 || head.spiLimit > 1020 || (head.spiLimit & 31) != 0 && head.spiLimit != 1020) return BLOB_BAD_INTERRUPT;
  if (head.tickMicroseconds == 0 || head.telemetryMilliseconds == 0) return BLOB_BAD_TABLE;

  if (!isPpi(head.hypervisorTimer) || !isPpi(head.virtualTimer) || !isPpi(head.physicalTimer) || !isPpi(head.maintenance)) return BLOB_BAD_INTERRUPT;

  let cpusTaken: u32 = 0;
  let regionsTaken: u32 = 0;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    // One partition's regions stand behind the other's: so no region has two owners.
    if (partition.regionFirst != regionsTaken) return BLOB_BAD_REGION;
    regionsTaken += partition.regionCount;
    if ((partition.cpus & cpusTaken) != 0 || partition.cpus == 0) return BLOB_BAD_CPU;
    cpusTaken |= partition.cpus;
    const error = checkPartition(n, partition, imageBase);
    if (error != BLOB_OK) return error;
  }
  if (cpusTaken >> head.cpuCount != 0) return BLOB_BAD_CPU;
  return checkCpus(cpusTaken);
}

/** A record array lies inside the blob, is aligned, and is not longer than the core is prepared for. */
function fits(offset: u32, count: u32, recordSize: u32, most: u32): bool {
  const size = header().size;
  return count <= most && offset >= BLOB_HEADER_SIZE && (offset & 7) == 0 && offset <= size && count * recordSize <= size - offset;
}

@inline function isPpi(intid: u32): bool {
  return intid >= 16 && intid < 32;
}

/** first…first+count-1 are indices into an array of `total`. */
@inline function within(first: u32, count: u32, total: u32): bool {
  return first <= total && count <= total - first;
}

function checkCpus(cpusTaken: u32): u32 {
  const head = header();
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    const cpu = blobCpu(n);
    const taken = ((cpusTaken >> n) & 1) != 0;
    for (let m: u32 = 0; m < n; m++) {
      bound(m, MAX_CPUS);
      const earlier = blobCpu(m);
      if (earlier.mpidr == cpu.mpidr || earlier.gicr == cpu.gicr) return BLOB_BAD_CPU;
      if (taken && earlier.partition == cpu.partition && earlier.vcpu == cpu.vcpu) return BLOB_BAD_CPU;
    }
    if (!taken) {
      if (cpu.partition != NONE) return BLOB_BAD_CPU;
      continue;
    }
    if (cpu.partition >= head.partitionCount) return BLOB_BAD_CPU;
    const partition = blobPartition(cpu.partition);
    if (((partition.cpus >> n) & 1) == 0 || cpu.vcpu >= <u32>popcnt(partition.cpus)) return BLOB_BAD_CPU;
    if ((cpu.vcpu == 0) != (partition.bootCpu == n)) return BLOB_BAD_CPU;
  }
  return BLOB_OK;
}

function checkPartition(n: u32, partition: BlobPartition, imageBase: u64): u32 {
  const head = header();
  if (partition.bootCpu >= head.cpuCount || ((partition.cpus >> partition.bootCpu) & 1) == 0) return BLOB_BAD_PARTITION;
  if (!within(partition.regionFirst, partition.regionCount, head.regionCount)) return BLOB_BAD_PARTITION;
  if (!within(partition.interruptFirst, partition.interruptCount, head.interruptCount)) return BLOB_BAD_PARTITION;
  if (!within(partition.loadFirst, partition.loadCount, head.loadCount)) return BLOB_BAD_PARTITION;
  if (!within(partition.channelFirst, partition.channelCount, head.channelCount)) return BLOB_BAD_PARTITION;
  if (!within(partition.quiesceFirst, partition.quiesceCount, head.quiesceCount)) return BLOB_BAD_PARTITION;
  if (((partition.gicd | partition.gicr | partition.console) & PAGE_MASK) != 0) return BLOB_BAD_PARTITION;

  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    if (!regionIsSound(n, partition.regionFirst + i, imageBase)) return BLOB_BAD_REGION;
  }
  for (let i: u32 = 0; i < partition.loadCount; i++) {
    bound(i, MAX_LOADS);
    if (!loadIsSound(partition, blobLoad(partition.loadFirst + i))) return BLOB_BAD_LOAD;
  }
  for (let i: u32 = 0; i < partition.channelCount; i++) {
    bound(i, MAX_CHANNELS);
    const channel = blobChannel(partition.channelFirst + i);
    if (channel.peer >= head.partitionCount || channel.peer == n) return BLOB_BAD_CHANNEL;
    if (!ownsSpi(blobPartition(channel.peer), channel.doorbell)) return BLOB_BAD_CHANNEL;
  }
  for (let i: u32 = 0; i < partition.quiesceCount; i++) {
    bound(i, MAX_QUIESCES);
    const pa = blobQuiesce(partition.quiesceFirst + i).pa;
    if ((pa & 3) != 0 || !isWithin(partition, REGION_DEVICE, pa, 4)) return BLOB_BAD_QUIESCE;
  }
  return interruptsAreSound(n, partition) ? BLOB_OK : BLOB_BAD_INTERRUPT;
}

/** a…a+aSize-1 and b…b+bSize-1 have an address in common; the sums do not wrap, that is checked before. */
@inline function overlap(a: u64, aSize: u64, b: u64, bSize: u64): bool {
  return a < b + bSize && b < a + aSize;
}

/** Page aligned, does not wrap, is not the hypervisor's, and no other partition has it (but for the two ends of a channel). */
function regionIsSound(owner: u32, n: u32, imageBase: u64): bool {
  const head = header();
  const region = blobRegion(n);
  if (((region.ipa | region.pa | region.size) & PAGE_MASK) != 0 || region.size == 0 || region.kind > REGION_CHANNEL) return false;
  if (region.pa + region.size < region.pa || region.ipa + region.size < region.ipa) return false;
  if (region.pa + region.size > PA_LIMIT) return false;
  // The whole window in which the blob may lie is mapped read-only, also where the image ends earlier.
  if (overlap(region.pa, region.size, imageBase, head.hypervisorSize + BLOB_MAX_BYTES) || hasOwnDevice(region)) return false;
  const partition = blobPartition(owner);
  if (hidesEmulated(partition, region)) return false;
  for (let other: u32 = 0; other < n; other++) {
    bound(other, MAX_REGIONS);
    const earlier = blobRegion(other);
    const own = other >= partition.regionFirst;
    if (own && overlap(region.ipa, region.size, earlier.ipa, earlier.size)) return false;
    if (!overlap(region.pa, region.size, earlier.pa, earlier.size)) continue;
    if (own || region.kind != REGION_CHANNEL || earlier.kind != REGION_CHANNEL) return false;
    if (region.pa != earlier.pa || region.size != earlier.size) return false;
  }
  return true;
}

/** The GIC and the UART are the hypervisor's. */
function hasOwnDevice(region: BlobRegion): bool {
  const head = header();
  if (overlap(region.pa, region.size, head.gicd, GICD_BYTES) || overlap(region.pa, region.size, head.uart, UART_BYTES)) return true;
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    if (overlap(region.pa, region.size, blobCpu(n).gicr, GICR_BYTES)) return true;
  }
  return false;
}

/** Where a partition's emulated devices are, nothing may be mapped: its accesses would not trap. */
function hidesEmulated(partition: BlobPartition, region: BlobRegion): bool {
  const gicrBytes = GICR_BYTES * <u64>popcnt(partition.cpus);
  return overlap(region.ipa, region.size, partition.gicd, GICD_BYTES) || overlap(region.ipa, region.size, partition.gicr, gicrBytes) ||
    partition.console != 0 && overlap(region.ipa, region.size, partition.console, UART_BYTES);
}

/** Copied into RAM of its own partition, in whole cache lines. */
function loadIsSound(partition: BlobPartition, item: BlobLoad): bool {
  if (((item.source | item.target | item.size) & LOAD_MASK) != 0) return false;
  if (item.source + item.size < item.source || item.source + item.size > header().hypervisorSize) return false;
  return isWithin(partition, REGION_RAM, item.target, item.size);
}

/** pa…pa+size-1 lie in one region of that kind of the partition. */
function isWithin(partition: BlobPartition, kind: u32, pa: u64, size: u64): bool {
  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(partition.regionFirst + i);
    if (region.kind != kind || pa < region.pa) continue;
    const offset = pa - region.pa;
    if (offset <= region.size && size <= region.size - offset) return true;
  }
  return false;
}

@inline function ownsSpi(partition: BlobPartition, intid: u32): bool {
  return intid >= 32 && intid < header().spiLimit && ((partition.spis(intid >> 5) >> (intid & 31)) & 1) != 0;
}

/** INTIDs of one partition's list, as a bitmap to compare with its `spis`. */
const listed: usize = memory.data(INTID_WORDS * 4, 8);

/** SPIs are implemented, listed, and nobody else's; PPIs are PPIs and not the hypervisor's own. */
function interruptsAreSound(n: u32, partition: BlobPartition): bool {
  const head = header();
  const hypervisorPpis = (<u32>1 << head.hypervisorTimer) | (<u32>1 << head.maintenance);
  if ((partition.ppis & 0xffff) != 0 || (partition.ppis & hypervisorPpis) != 0 || partition.spis(0) != 0) return false;
  memory.fill(listed, 0, INTID_WORDS * 4);
  for (let i: u32 = 0; i < partition.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const intid = blobInterrupt(partition.interruptFirst + i).intid;
    if (!ownsSpi(partition, intid)) return false;
    const at = listed + ((intid >> 5) << 2);
    store<u32>(at, load<u32>(at) | <u32>1 << (intid & 31));
  }
  for (let word: u32 = 1; word < INTID_WORDS; word++) {
    bound(word - 1, INTID_WORDS);
    if (load<u32>(listed + (word << 2)) != partition.spis(word)) return false;
    for (let other: u32 = 0; other < n; other++) {
      bound(other, MAX_PARTITIONS);
      if ((partition.spis(word) & blobPartition(other).spis(word)) != 0) return false;
    }
  }
  return partition.console == 0 || ownsSpi(partition, partition.consoleInterrupt);
}

/** What to print before stopping. */
export function blobErrorText(error: u32): string {
  if (error == BLOB_BAD_MAGIC) return "no system blob behind the core: pack the image with axv-part build";
  if (error == BLOB_BAD_VERSION) return "the blob has another version than this core: build the image again";
  if (error == BLOB_BAD_SIZE) return "the blob is truncated: build the image again, and check how it was copied";
  if (error == BLOB_BAD_CHECKSUM) return "the blob was altered (checksum): build the image again, and check how it was copied";
  if (error == BLOB_BAD_CPU) return "the blob gives a pCPU twice, or none: run axv-part check";
  if (error == BLOB_BAD_REGION) return "the blob has overlapping or unaligned memory: run axv-part check";
  if (error == BLOB_BAD_INTERRUPT) return "the blob gives an interrupt twice, or one that is not there: run axv-part check";
  if (error == BLOB_BAD_LOAD) return "the blob loads an image outside its partition: run axv-part check";
  if (error == BLOB_BAD_CHANNEL) return "the blob has a channel without a partner: run axv-part check";
  if (error == BLOB_BAD_QUIESCE) return "the blob silences a device that its partition does not have: run axv-part check";
  if (error == BLOB_WRONG_ADDRESS) return "the image is not where the plan wants it: load it at the address that axv-part plan shows";
  return "the blob is inconsistent: build the image again";
}
