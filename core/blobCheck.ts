// Checks a blob before anything of it is used: nothing that the planner promises is taken on trust, because the blob may be
// truncated, altered, or made by another version. What a reader of the core may rely on afterwards is exactly what is checked here.

import {
  BLOB_CHANNEL_SIZE, BLOB_CPU_SIZE, BLOB_HEADER_SIZE, BLOB_INTERRUPT_SIZE, BLOB_LOAD_SIZE, BLOB_MAX_BYTES, BLOB_PARTITION_SIZE,
  BLOB_QUIESCE_SIZE, BLOB_REGION_SIZE, BlobLoad, BlobPartition, BlobRegion, MAX_CPUS, MAX_PARTITIONS, NONE, PARTITION_DIRECT,
  PARTITION_PMU, PARTITION_TRUSTED_SGI, REGION_CHANNEL, REGION_DEVICE, REGION_RAM,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import { MAILBOX_SIZE } from "./abi";
import {
  BLOB_BAD_CHANNEL, BLOB_BAD_CHECKSUM, BLOB_BAD_CPU, BLOB_BAD_INTERRUPT, BLOB_BAD_LOAD, BLOB_BAD_PARTITION, BLOB_BAD_QUIESCE,
  BLOB_BAD_REGION, BLOB_BAD_SIZE, BLOB_BAD_TABLE, BLOB_OK, BLOB_WRONG_ADDRESS, blobBuffer, blobChannel, blobCpu, blobInterrupt, blobLoad,
  blobPartition, blobQuiesce, blobRegion, GIC_V2, GIC_V3, GICC_BYTES, gicdBytes, GICH_BYTES, GICR_BYTES, header, isDirect, MAX_CHANNELS,
  MAX_INTERRUPTS, MAX_LOADS, MAX_QUIESCES, MAX_REGIONS, regionAt, UART_BYTES,
} from "./blob";
import { BLOCK_2M, MAX_COLOURS, spanOf } from "./colours";
import { crc32 } from "./crc32";
import { INTID_WORDS } from "./vcpu";

const CHECKSUM_FROM: u32 = 16;
const PAGE_BYTES: u64 = 0x1000;
const PAGE_MASK: u64 = PAGE_BYTES - 1;
const LOAD_MASK: u64 = 63;
/** The hypervisor maps what it uses at VA = PA: below its linear-memory window, at 256 GiB. */
const PA_LIMIT: u64 = (<u64>1) << 38;
/** Way groups that CLUSTERPARTCR_EL1 has. */
const WAY_GROUPS: u32 = 4;
const CPU_INTERFACES: u32 = 8;

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

  if (head.pmuInterrupt != 0 && !isPpi(head.pmuInterrupt)) return BLOB_BAD_INTERRUPT;
  let distinct = (<u32>1 << head.hypervisorTimer) | (<u32>1 << head.maintenance) | (<u32>1 << head.virtualTimer) | (<u32>1 << head.physicalTimer);
  if (head.pmuInterrupt != 0) distinct |= <u32>1 << head.pmuInterrupt;
  if (popcnt(distinct) != (head.pmuInterrupt != 0 ? 5 : 4)) return BLOB_BAD_INTERRUPT; // one for two things would be taken for either
  if (!gicIsSound()) return BLOB_BAD_TABLE;
  if (head.colourCount > MAX_COLOURS || (head.colourCount & (head.colourCount - 1)) != 0) return BLOB_BAD_TABLE;

  let cpusTaken: u32 = 0;
  let regionsTaken: u32 = 0;
  let waysTaken: u32 = 0;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    // One partition's regions stand behind the other's: so no region has two owners.
    if (partition.regionFirst != regionsTaken) return BLOB_BAD_REGION;
    regionsTaken += partition.regionCount;
    if ((partition.cpus & cpusTaken) != 0 || partition.cpus == 0) return BLOB_BAD_CPU;
    cpusTaken |= partition.cpus;
    if ((partition.clusterWays & waysTaken) != 0 || partition.clusterWays >> WAY_GROUPS != 0) return BLOB_BAD_PARTITION;
    waysTaken |= partition.clusterWays;
    const error = checkPartition(n, partition, imageBase);
    if (error != BLOB_OK) return error;
  }
  if (cpusTaken >> head.cpuCount != 0) return BLOB_BAD_CPU;
  if (regionsTaken != head.regionCount) return BLOB_BAD_REGION;
  return checkCpus(cpusTaken);
}

/** A record array lies inside the blob, is aligned, and is not longer than the core is prepared for. */
function fits(offset: u32, count: u32, recordSize: u32, most: u32): bool {
  const size = header().size;
  return count <= most && offset >= BLOB_HEADER_SIZE && (offset & 7) == 0 && offset <= size && count * recordSize <= size - offset;
}

/** A GIC of a kind that the core drives, with all its parts. */
function gicIsSound(): bool {
  const head = header();
  const all = head.gicd | head.gicc | head.gich | head.gicv;
  if (head.gicd == 0 || (all & PAGE_MASK) != 0 || all >= PA_LIMIT) return false;
  if (head.gicVersion == GIC_V3) return (head.gicc | head.gich | head.gicv) == 0;
  return head.gicVersion == GIC_V2 && head.gicc != 0 && head.gich != 0 && head.gicv != 0 && head.gicc != head.gicd;
}

@inline function isPpi(intid: u32): bool { return intid >= 16 && intid < 32; }

/** first…first+count-1 are indices into an array of `total`. */
@inline function within(first: u32, count: u32, total: u32): bool { return first <= total && count <= total - first; }

function checkCpus(cpusTaken: u32): u32 {
  const head = header();
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    const cpu = blobCpu(n);
    const taken = ((cpusTaken >> n) & 1) != 0;
    if (cpu.interface >= CPU_INTERFACES || (cpu.gicr & PAGE_MASK) != 0 || cpu.gicr >= PA_LIMIT) return BLOB_BAD_CPU;
    for (let m: u32 = 0; m < n; m++) {
      bound(m, MAX_CPUS);
      const earlier = blobCpu(m);
      if (earlier.mpidr == cpu.mpidr) return BLOB_BAD_CPU;
      if (head.gicVersion == GIC_V2 ? earlier.interface == cpu.interface : earlier.gicr == cpu.gicr) return BLOB_BAD_CPU;
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
    // The tick is an interrupt that a direct partition's pCPU does not take, and its timer measures the periods of a bandwidth.
    if (n == head.housekeeper && (isDirect(partition) || partition.bandwidthRefills != 0)) return BLOB_BAD_CPU;
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
  if ((partition.flags & PARTITION_TRUSTED_SGI) != 0 && (!isDirect(partition) || head.gicVersion != GIC_V3)) return BLOB_BAD_PARTITION;
  if (partition.bandwidthRefills != 0) {
    if (partition.bandwidthMicroseconds == 0 || head.pmuInterrupt == 0) return BLOB_BAD_PARTITION;
    if ((partition.flags & (PARTITION_PMU | PARTITION_DIRECT)) != 0) return BLOB_BAD_PARTITION;
  }

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
  if (partition.mailbox != 0 && !mailboxIsSound(partition)) return BLOB_BAD_REGION;
  return interruptsAreSound(n, partition) ? BLOB_OK : BLOB_BAD_INTERRUPT;
}

/** A page that the partition can write, and that no other region has. */
function mailboxIsSound(partition: BlobPartition): bool {
  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const index = partition.regionFirst + i;
    const region = blobRegion(index);
    if (region.ipa != partition.mailbox) continue;
    if (region.kind != REGION_CHANNEL || region.size != MAILBOX_SIZE) return false;
    for (let other: u32 = 0; other < header().regionCount; other++) {
      bound(other, MAX_REGIONS);
      if (other != index && blobRegion(other).pa == region.pa) return false;
    }
    return true;
  }
  return false;
}

/** a…a+aSize-1 and b…b+bSize-1 have an address in common; the sums do not wrap, that is checked before. */
@inline function overlap(a: u64, aSize: u64, b: u64, bSize: u64): bool { return a < b + bSize && b < a + aSize; }

/** Page aligned, does not wrap, is not the hypervisor's, and no other partition has it (but for the two ends of a channel). */
function regionIsSound(owner: u32, n: u32, imageBase: u64): bool {
  const head = header();
  const region = blobRegion(n);
  if (((region.ipa | region.pa | region.size) & PAGE_MASK) != 0 || region.size == 0 || region.kind > REGION_CHANNEL) return false;
  if (region.pa > PA_LIMIT || region.size > PA_LIMIT || region.ipa + region.size < region.ipa) return false;
  if (region.colours != 0 && !coloursAreSound(region)) return false;
  const span = spanOf(region);
  if (region.pa + span > PA_LIMIT) return false;
  // The whole window in which the blob may lie is mapped read-only, also where the image ends earlier.
  if (overlap(region.pa, span, imageBase, head.hypervisorSize + BLOB_MAX_BYTES)) return false;
  const partition = blobPartition(owner);
  const isInterface = isCpuInterface(partition, region);
  if (!isInterface && hasOwnDevice(region.pa, span)) return false;
  if (hidesEmulated(partition, region)) return false;
  for (let other: u32 = 0; other < n; other++) {
    bound(other, MAX_REGIONS);
    const earlier = blobRegion(other);
    const own = other >= partition.regionFirst;
    if (own && overlap(region.ipa, region.size, earlier.ipa, earlier.size)) return false;
    if (!overlap(region.pa, span, earlier.pa, spanOf(earlier))) continue;
    // Pages of one stretch with no colour in common: no page has two owners.
    if (region.colours != 0 && earlier.colours != 0 && (region.colours & earlier.colours) == 0) continue;
    if (isInterface && !own && isCpuInterface(blobPartition(ownerOfRegion(other)), earlier)) continue;
    if (own || region.kind != REGION_CHANNEL || earlier.kind != REGION_CHANNEL) return false;
    if (region.pa != earlier.pa || region.size != earlier.size) return false;
  }
  return true;
}

/** PA at which all coloured regions begin; 0: none has been seen. */
let colouredAt: u64 = 0;

/** RAM, its span in whole 2 MiB blocks. */
function coloursAreSound(region: BlobRegion): bool {
  const colours = header().colourCount;
  if (colouredAt == 0) colouredAt = region.pa;
  return colours > 1 && region.kind == REGION_RAM && region.pa == colouredAt && (<u64>region.colours) >> colours == 0 && (region.pa & (BLOCK_2M - 1)) == 0;
}

/**
 * The window through which a GICv2's guest talks to its own pCPU's interface: the virtual one, or the physical one with direct
 * interrupts. Every pCPU sees its own there, so all partitions have the same.
 */
function isCpuInterface(partition: BlobPartition, region: BlobRegion): bool {
  const head = header();
  if (head.gicVersion != GIC_V2 || region.kind != REGION_DEVICE) return false;
  // GICC's second page is GICC_DIR, by which anybody's interrupt could be deactivated.
  if (isDirect(partition)) return region.pa == head.gicc && region.size == PAGE_BYTES;
  return region.pa == head.gicv && region.size == GICC_BYTES;
}

function ownerOfRegion(index: u32): u32 {
  let owner: u32 = 0;
  for (let n: u32 = 0; n < header().partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    if (blobPartition(n).regionFirst <= index) owner = n;
  }
  return owner;
}

/** The GIC and the UART are the hypervisor's. */
function hasOwnDevice(pa: u64, size: u64): bool {
  const head = header();
  if (overlap(pa, size, head.gicd, gicdBytes()) || overlap(pa, size, head.uart, UART_BYTES)) return true;
  if (head.gicVersion == GIC_V2) {
    return overlap(pa, size, head.gicc, GICC_BYTES) || overlap(pa, size, head.gich, GICH_BYTES) || overlap(pa, size, head.gicv, GICC_BYTES);
  }
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    if (overlap(pa, size, blobCpu(n).gicr, GICR_BYTES)) return true;
  }
  return false;
}

/** Where a partition's emulated devices are, nothing may be mapped: its accesses would not trap. */
function hidesEmulated(partition: BlobPartition, region: BlobRegion): bool {
  const gicrBytes = GICR_BYTES * <u64>popcnt(partition.cpus);
  return overlap(region.ipa, region.size, partition.gicd, gicdBytes()) || overlap(region.ipa, region.size, partition.gicr, gicrBytes) ||
    partition.console != 0 && overlap(region.ipa, region.size, partition.console, UART_BYTES);
}

/** Copied into RAM of its own partition, in whole cache lines; into coloured RAM in whole pages, but for the last one. */
function loadIsSound(partition: BlobPartition, item: BlobLoad): bool {
  if (((item.source | item.target | item.size) & LOAD_MASK) != 0) return false;
  if (item.source + item.size < item.source || item.source + item.size > header().hypervisorSize) return false;
  const region = regionAt(partition, item.target);
  if (region === null || region.kind != REGION_RAM || region.colours != 0 && (item.target & PAGE_MASK) != 0) return false;
  return item.size <= region.size - (item.target - region.ipa);
}

/** pa…pa+size-1 lie in one region of that kind of the partition. */
function isWithin(partition: BlobPartition, kind: u32, pa: u64, size: u64): bool {
  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    const region = blobRegion(partition.regionFirst + i);
    if (region.kind != kind || region.colours != 0 || pa < region.pa) continue;
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
  const counted: u32 = partition.bandwidthRefills != 0 ? <u32>1 << head.pmuInterrupt : 0;
  const hypervisorPpis = (<u32>1 << head.hypervisorTimer) | (<u32>1 << head.maintenance) | counted;
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
