// Checks a blob before anything of it is used: nothing that the planner promises is taken on trust, because the blob may be
// truncated, altered, or made by another version. What a reader of the core may rely on afterwards is exactly what is checked
// here: the promises of partitions/blob/promises.table.ts, each under its name; and by hooks, in between, those that its ISA
// makes.

import {
  BLOB_BAD_CHECKSUM, BLOB_BAD_CPU, BLOB_BAD_ENTRY, BLOB_BAD_INTERRUPT, BLOB_BAD_LOAD, BLOB_BAD_QUIESCE, BLOB_BAD_REGION,
  BLOB_BAD_SIZE, BLOB_BAD_TABLE, BLOB_MAX_BYTES, BLOB_OK, BLOB_WRONG_ADDRESS, blobBuffer, blobChannel, blobCpu, blobInit,
  blobInterrupt, blobLoad, blobMatch, blobPartition, BlobPartition, blobQuiesce, blobRam, blobRegion, BlobRegion, blobText,
  blobUpdate, checkRanges, CONTROLLER_FRAMES, countOf, countOwned, FIRST_OWNED, firstOwned, header, INTERRUPT_EDGE, MAX_CHANNELS,
  MAX_CPUS, MAX_INITS, MAX_INTERRUPTS, MAX_LOADS, MAX_MATCHES, MAX_PARTITIONS, MAX_BANKS, MAX_REGIONS, MAX_TAG_BYTES, NONE,
  OWNED_CHANNELS, OWNED_INTERRUPTS, OWNED_KINDS, OWNED_LOADS, PARTITION_DIRECT, PARTITION_PMU, recordsFit, REGION_CHANNEL,
  REGION_DEVICE, REGION_EXECUTE, REGION_MAILBOX, REGION_RAM,
} from "../build/generated/blob";
import { bound } from "../build/generated/cpu";
import {
  checkIsaCpu, checkIsaPartition, checkMachine, DIRECT_KEEPS_HOUSE, isControllerRegion, isLine,
} from "../build/generated/isa";
import { MAILBOX_SIZE, IMAGE_RING_BYTES } from "./abi";
import { consoleBytes, isDirect, isMemory, PA_BITS, PA_LIMIT, readsAlong, regionAt, UART_BYTES } from "./blob";
import { BLOCK_2M, spanOf } from "./colours";
import { crc32 } from "./crc32";
import { SEED_BYTES } from "./seed";
import { PAGE_BYTES, PAGE_MASK } from "./pages";
import { LINE_WORDS } from "./vcpu";

const CHECKSUM_FROM: u32 = 16;
const LOAD_MASK: u64 = 63;
/** How many records of each kind that partitions own have been theirs so far. */
const taken: usize = memory.data(OWNED_KINDS * 4, 8);
/** Where in the image bytes begin that no load has yet. */
let imageTaken: u64 = 0;
/** Regions that are ends of channels. */
let channelRegions: u32 = 0;
/** Bytes of tag images. */
let tagBytes: u32 = 0;

if (BLOB_BAD_QUIESCE != BLOB_BAD_REGION + OWNED_KINDS - 1) ERROR("blobCheck: errors of kinds of records");

/** Checks the blob that stands in blobBuffer. `imageBase` is where the image was really loaded, `coreSize` where the blob begins
 *  in it. */
export function checkBlob(imageBase: u64, coreSize: u64): u32 {
  const head = header();
  if (crc32(blobBuffer + CHECKSUM_FROM, head.size - CHECKSUM_FROM) != head.checksum) return BLOB_BAD_CHECKSUM;
  imageTaken = coreSize + head.size;
  if (head.hypervisorSize < imageTaken || head.hypervisorSize > PA_LIMIT) return BLOB_BAD_SIZE;
  if (!recordsFit()) return BLOB_BAD_TABLE;
  if (head.imageBase != 0 && head.imageBase != imageBase || !isRam(imageBase, head.hypervisorSize)) return BLOB_WRONG_ADDRESS;
  let error = checkRanges();
  if (error != BLOB_OK) return error;
  if (head.partitionCount == 0 || head.housekeeper >= head.cpuCount) return BLOB_BAD_CPU;
  if (!boardIsSound()) return BLOB_BAD_TABLE;
  error = checkMachine();
  if (error != BLOB_OK) return error;

  let cpusTaken: u32 = 0;
  let waysTaken: u32 = 0;
  let readers: u32 = 0;
  for (let n: u32 = 0; n < head.partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    if (!recordsFollow(partition, n + 1 == head.partitionCount)) return BLOB_BAD_REGION;
    if ((partition.cpus & cpusTaken) != 0 || partition.cpus == 0) return BLOB_BAD_CPU;
    cpusTaken |= partition.cpus;
    if ((partition.clusterWays & waysTaken) != 0) return BLOB_BAD_TABLE;
    waysTaken |= partition.clusterWays;
    if (readsAlong(partition) && (partition.console == 0 || ++readers > 1)) return BLOB_BAD_TABLE;
  }
  if (cpusTaken >> head.cpuCount != 0) return BLOB_BAD_CPU;
  error = checkCpus(cpusTaken);
  if (error == BLOB_OK && !(initsAreSound() && matchesAreSound())) return BLOB_BAD_TABLE;
  for (let n: u32 = 0; n < head.partitionCount && error == BLOB_OK; n++) {
    bound(n, MAX_PARTITIONS);
    error = checkPartition(blobPartition(n), imageBase);
  }
  for (let kind = OWNED_INTERRUPTS; kind < OWNED_KINDS && error == BLOB_OK; kind++) {
    bound(kind, OWNED_KINDS);
    error = checkRecords(kind);
  }
  return error == BLOB_OK && head.updateCount != 0 && !updateIsSound(imageBase) ? BLOB_BAD_LOAD : error;
}

/** update: once all that partitions have is claimed. */
function updateIsSound(imageBase: u64): bool {
  const update = blobUpdate(0);
  const count = header().partitionCount;
  if (update.partition >= count || update.bringer >= count || update.partition == update.bringer) return false;
  const size = update.size;
  if (size >= PA_LIMIT || (size & PAGE_MASK) != 0 || !isRam(update.staging, 2 * size)) return false;
  if (!claim(owned, update.staging, 2 * size, PA_BITS) || isOwn(update.staging, 2 * size, imageBase)) return false;
  const bringer = blobPartition(update.bringer);
  const ring = regionAt(bringer, update.ring);
  if (bringer.mailbox == 0 || ring === null || ring.kind != REGION_MAILBOX || (update.ring & LOAD_MASK) != 0) return false;
  const inRing = update.ring - ring.ipa;
  if (inRing < MAILBOX_SIZE || ring.size < inRing + IMAGE_RING_BYTES) return false;
  const partition = blobPartition(update.partition);
  if (update.load - partition.loadFirst >= partition.loadCount) return false;
  const target = blobLoad(update.load).target;
  const region = regionAt(partition, target);
  if (region === null || size > region.size - (target - region.ipa)) return false;
  for (let i: u32 = 0; i < partition.loadCount; i++) {
    bound(i, MAX_LOADS);
    const other = blobLoad(partition.loadFirst + i);
    if (partition.loadFirst + i != update.load && overlap(target, size, other.target, other.size)) return false;
  }
  return true;
}

/** One partition's records stand behind the other's, the last one's at the end: so each has one owner. */
function recordsFollow(partition: BlobPartition, isLast: bool): bool {
  for (let kind: u32 = 0; kind < OWNED_KINDS; kind++) {
    bound(kind, OWNED_KINDS);
    const first = load<u32>(taken + (kind << 2));
    const left = countOf(FIRST_OWNED + kind) - first;
    const count = countOwned(partition, kind);
    if (firstOwned(partition, kind) != first || count > left || isLast && count != left) return false;
    store<u32>(taken + (kind << 2), first + count);
  }
  return true;
}

// Stretches of addresses, none over another, in ascending order: how many (u64), then each of them.
@unmanaged
class Stretch {
  from: u64;
  to: u64;
}
const STRETCHES_MAX: u32 = 1 + CONTROLLER_FRAMES + MAX_REGIONS;
const LIST_BYTES: u32 = 8 + STRETCHES_MAX * 16;
/** RAM that firmware leaves. */
const banks: usize = memory.data(LIST_BYTES, 8);
/** PAs that are somebody's: UART and interrupt controller, then partitions' regions. */
const owned: usize = memory.data(LIST_BYTES, 8);
/** IPAs that the partition has so far: what is emulated, and so must trap; then its regions. */
const space: usize = memory.data(LIST_BYTES, 8);

@inline function stretch(list: usize, n: u32): Stretch { return changetype<Stretch>(list + 8 + (n << 4)); }

function isFree(list: usize, at: u64, bytes: u64): bool {
  for (let n: u32 = 0; n < load<u32>(list); n++) {
    bound(n, STRETCHES_MAX);
    if (at < stretch(list, n).to && stretch(list, n).from < at + bytes) return false;
  }
  return true;
}

/** Whole pages below 2^bits, which nothing in the list has: now they are there. Those behind them make room: where claims come in
 *  ascending order, as the planner has them, each is compared with one other. */
function claim(list: usize, at: u64, bytes: u64, bits: u32): bool {
  const to = at + bytes;
  if (((at | bytes) & PAGE_MASK) != 0 || bytes == 0 || (at | bytes) >> bits != 0 || (to - 1) >> bits != 0) return false;
  let n = load<u32>(list);
  store<u32>(list, n + 1);
  for (let i: u32 = 0; n != 0 && stretch(list, n - 1).to > at; i++, n--) {
    bound(i, STRETCHES_MAX);
    const other = stretch(list, n - 1);
    if (other.from < to) return false;
    stretch(list, n).from = other.from;
    stretch(list, n).to = other.to;
  }
  stretch(list, n).from = at;
  stretch(list, n).to = to;
  return true;
}

/** What the hypervisor drives, and what a partition sees emulated: for checkMachine and checkIsaCpu, and for checkIsaPartition.
 *  */
export function claimFrame(at: u64, bytes: u64): bool { return at != 0 && claimDevice(at, bytes); }
export function claimWindow(at: u64, bytes: u64): bool { return claim(space, at, bytes, header().ipaBits); }
function claimDevice(at: u64, bytes: u64): bool { return isFree(banks, at, bytes) && claim(owned, at, bytes, PA_BITS); }

/** ram, frames, colourCount. */
function boardIsSound(): bool {
  const head = header();
  for (let n: u32 = 0; n < head.ramCount; n++) {
    bound(n, MAX_BANKS);
    if (!claim(banks, blobRam(n).base, blobRam(n).size, PA_BITS)) return false;
  }
  if (head.watchdog != 0 && !claimFrame(head.watchdog, PAGE_BYTES)) return false;
  return (head.colourCount & (head.colourCount - 1)) == 0 && claimFrame(head.uart & ~PAGE_MASK, UART_BYTES);
}

/** pa…pa+size-1 lie in one stretch of the board's RAM; the sum does not wrap. */
export function isRam(pa: u64, size: u64): bool {
  for (let n: u32 = 0; n < header().ramCount; n++) {
    bound(n, MAX_BANKS);
    if (pa >= blobRam(n).base && pa + size <= blobRam(n).base + blobRam(n).size) return true;
  }
  return false;
}

/** inits, once all that the hypervisor drives is claimed. Partitions may have these registers: none of them runs yet. */
function initsAreSound(): bool {
  let page = PA_LIMIT; // none
  for (let n: u32 = 0; n < header().initCount; n++) {
    bound(n, MAX_INITS);
    const init = blobInit(n);
    if ((init.pa & 3) != 0 || init.pa >= PA_LIMIT || (init.value & ~init.mask) != 0) return false;
    if (init.pa - page < PAGE_BYTES) continue; // in the same as the one before
    page = init.pa & ~PAGE_MASK;
    if (!isFree(banks, page, PAGE_BYTES) || !isFree(owned, page, PAGE_BYTES)) return false;
  }
  return true;
}

/** matches: each text begins inside; the last word is an empty one, where any path ends. */
function matchesAreSound(): bool {
  const words = header().textCount;
  for (let n: u32 = 0; n < header().matchCount; n++) {
    bound(n, MAX_MATCHES);
    const match = blobMatch(n);
    if (max(max(match.path, match.property), match.value) >= words) return false;
  }
  return words == 0 || blobText(words - 1).bytes == 0;
}

/** cpuKnows, cpuApart, housekeeper. */
function checkCpus(cpusTaken: u32): u32 {
  const head = header();
  for (let n: u32 = 0; n < head.cpuCount; n++) {
    bound(n, MAX_CPUS);
    const cpu = blobCpu(n);
    const isOwned = ((cpusTaken >> n) & 1) != 0;
    const error = checkIsaCpu(cpu);
    if (error != BLOB_OK) return error;
    for (let m: u32 = 0; m < n; m++) {
      bound(m, MAX_CPUS);
      const earlier = blobCpu(m);
      if (earlier.id == cpu.id || isOwned && earlier.partition == cpu.partition && earlier.vcpu == cpu.vcpu) return BLOB_BAD_CPU;
    }
    if (!isOwned) {
      if (cpu.partition != NONE) return BLOB_BAD_CPU;
      continue;
    }
    if (cpu.partition >= head.partitionCount) return BLOB_BAD_CPU;
    const partition = blobPartition(cpu.partition);
    if (((partition.cpus >> n) & 1) == 0 || cpu.vcpu >= <u32>popcnt(partition.cpus)) return BLOB_BAD_CPU;
    if ((cpu.vcpu == 0) != (partition.bootCpu == n)) return BLOB_BAD_CPU;
    // The tick is an interrupt that a direct partition's pCPU may not take, and its timer measures the periods of a bandwidth.
    if (n == head.housekeeper && (!DIRECT_KEEPS_HOUSE && isDirect(partition) || partition.bandwidthRefills != 0))
      return BLOB_BAD_CPU;
  }
  return BLOB_OK;
}

function checkPartition(partition: BlobPartition, imageBase: u64): u32 {
  const takesPmu = (partition.flags & (PARTITION_PMU | PARTITION_DIRECT)) != 0;
  if (partition.bandwidthRefills != 0 && (partition.bandwidthMicroseconds == 0 || takesPmu)) return BLOB_BAD_TABLE;
  store<u64>(space, 0);
  if (partition.console != 0 && !claimWindow(partition.console, consoleBytes(partition))) return BLOB_BAD_REGION;
  const error = checkIsaPartition(partition);
  if (error != BLOB_OK) return error;
  for (let i: u32 = 0; i < partition.regionCount; i++) {
    bound(i, MAX_REGIONS);
    if (!regionIsSound(partition, partition.regionFirst + i, imageBase)) return BLOB_BAD_REGION;
  }
  if (partition.mailbox != 0 && !hasMailbox(partition) || (partition.tags | partition.tagBytes) != 0 && !hasTags(partition))
    return BLOB_BAD_REGION;
  if (!isMemory(partition, partition.entry, REGION_EXECUTE)) return BLOB_BAD_ENTRY;
  if (partition.argument != 0 && !isMemory(partition, partition.argument, 0)) return BLOB_BAD_ENTRY;
  if (partition.seed != 0 && !seedIsSound(partition)) return BLOB_BAD_ENTRY;
  return partition.console == 0 || ringsAt(partition, partition.consoleInterrupt) ? BLOB_OK : BLOB_BAD_INTERRUPT;
}

/** A property of SEED_BYTES and the 12 bytes before it, in one page of its RAM. */
function seedIsSound(partition: BlobPartition): bool {
  const inPage = partition.seed & PAGE_MASK;
  return (partition.seed & 3) == 0 && inPage >= 12 && inPage <= PAGE_MASK + 1 - SEED_BYTES &&
    isMemory(partition, partition.seed, 0);
}

/** All partitions' records of a kind, once all their regions are sound; then that none is missing. */
function checkRecords(kind: u32): u32 {
  const error = BLOB_BAD_REGION + kind;
  for (let n: u32 = 0; n < header().partitionCount; n++) {
    bound(n, MAX_PARTITIONS);
    const partition = blobPartition(n);
    const count = countOwned(partition, kind);
    for (let i: u32 = 0; i < count; i++) {
      bound(i, MAX_INTERRUPTS);
      const index = firstOwned(partition, kind) + i;
      const isSound = kind == OWNED_INTERRUPTS ? claimLine(blobInterrupt(index).line) :
        kind == OWNED_LOADS ? loadIsSound(partition, index) :
        kind == OWNED_CHANNELS ? channelIsSound(n, partition, index) : isOwnRegister(partition, blobQuiesce(index).pa);
      if (!isSound) return error;
    }
  }
  return kind == OWNED_CHANNELS && channelRegions != header().channelCount ? error : BLOB_OK;
}

/** What the partition shares with the hypervisor: regionIsSound sees to it that nobody else has it. */
function hasMailbox(partition: BlobPartition): bool {
  const region = regionAt(partition, partition.mailbox);
  return region !== null && region.kind == REGION_MAILBOX;
}

/** tagImage: whole words in a channel or behind the mailbox, and there is room for their copy. */
function hasTags(partition: BlobPartition): bool {
  const region = regionAt(partition, partition.tags);
  tagBytes += partition.tagBytes;
  if (partition.tags == 0 || partition.tagBytes == 0 || region === null || region.kind < REGION_CHANNEL ||
    ((partition.tags | partition.tagBytes) & 7) != 0) return false;
  return partition.tagBytes <= region.size - (partition.tags - region.ipa) && tagBytes <= MAX_TAG_BYTES;
}

/** a…a+aSize-1 and b…b+bSize-1 have an address in common; the sums do not wrap, that is checked before. */
@inline function overlap(a: u64, aSize: u64, b: u64, bSize: u64): bool { return a < b + bSize && b < a + aSize; }

/** The whole window in which the blob may lie is mapped read-only, also where the image ends earlier. */
@inline function isOwn(pa: u64, bytes: u64, imageBase: u64): bool {
  return overlap(pa, bytes, imageBase, header().hypervisorSize + BLOB_MAX_BYTES);
}

/** pages, reach, ramOnly, hypervisor, owner, apart, execute, devicePlace. */
function regionIsSound(partition: BlobPartition, n: u32, imageBase: u64): bool {
  const region = blobRegion(n);
  if ((region.pa | region.size) >= PA_LIMIT || !claimWindow(region.ipa, region.size)) return false;
  if (region.kind != REGION_RAM && (region.colours != 0 || (region.access & REGION_EXECUTE) != 0)) return false;
  const span = spanOf(region);
  if (isOwn(region.pa, span, imageBase)) return false;
  if (region.kind == REGION_DEVICE) {
    // A part of the interrupt controller: claimed as such, so that it is free for nothing else.
    return isControllerRegion(partition, region) || region.ipa == region.pa && claimDevice(region.pa, span);
  }
  if (!isRam(region.pa, span) || region.kind == REGION_MAILBOX && region.ipa != partition.mailbox) return false;
  if (region.colours != 0) return coloursAreSound(region) && claimColours(region, span);
  return region.kind == REGION_CHANNEL ? claimEnd(partition, n) : claim(owned, region.pa, span, PA_BITS);
}

/** channelShared: nobody's yet, or another partition's end, of which this is the only other one. */
function claimEnd(partition: BlobPartition, n: u32): bool {
  const region = blobRegion(n);
  let ends: u32 = 0;
  for (let other: u32 = 0; other < n; other++) {
    bound(other, MAX_REGIONS);
    const earlier = blobRegion(other);
    if (earlier.kind != REGION_CHANNEL || earlier.pa != region.pa || earlier.size != region.size) continue;
    if (++ends > 1 || other >= partition.regionFirst) return false;
  }
  channelRegions++;
  return ends == 1 || claim(owned, region.pa, region.size, PA_BITS);
}

/** PA at which all coloured regions begin, 0: none has been seen; how far they reach; whose colours they have. */
let colouredAt: u64 = 0;
let colouredSpan: u64 = 0;
let coloursTaken: u32 = 0;

/** Its span in whole 2 MiB blocks. */
function coloursAreSound(region: BlobRegion): bool {
  const colours = header().colourCount;
  if (colouredAt == 0) colouredAt = region.pa;
  return colours > 1 && region.pa == colouredAt && (<u64>region.colours) >> colours == 0 && (region.pa & (BLOCK_2M - 1)) == 0;
}

/** colours: those of one region are no other's, so no page has two owners. Together they have all pages that they reach to. */
function claimColours(region: BlobRegion, span: u64): bool {
  if ((region.colours & coloursTaken) != 0) return false;
  coloursTaken |= region.colours;
  const before = colouredSpan;
  colouredSpan = max(before, span);
  return span <= before || claim(owned, region.pa + before, span - before, PA_BITS);
}

/** loadSource, loadTarget: in whole cache lines, in coloured RAM in whole pages but for the last one. */
function loadIsSound(partition: BlobPartition, index: u32): bool {
  const item = blobLoad(index);
  const limit = header().hypervisorSize;
  if (((item.source | item.target | item.size | item.zeros) & LOAD_MASK) != 0 || item.zeros > item.size) return false;
  const stored = min(item.size, item.zeros + PAGE_BYTES);
  if (item.source < imageTaken || item.source > limit || stored > limit - item.source) return false;
  imageTaken = item.source + stored;
  const region = regionAt(partition, item.target);
  if (region === null || region.kind != REGION_RAM || region.colours != 0 && (item.target & PAGE_MASK) != 0) return false;
  if (item.size > region.size - (item.target - region.ipa)) return false;
  for (let other = partition.loadFirst; other < index; other++) {
    bound(other, MAX_LOADS);
    const earlier = blobLoad(other);
    if (overlap(item.target, item.size, earlier.target, earlier.size)) return false;
  }
  return true;
}

/** channelEnds, doorbell. */
function channelIsSound(n: u32, partition: BlobPartition, index: u32): bool {
  const channel = blobChannel(index);
  const region = regionAt(partition, channel.ipa);
  if (region === null || region.kind != REGION_CHANNEL) return false;
  if (region.ipa != channel.ipa || region.size != channel.size || channel.peer >= header().partitionCount || channel.peer == n)
    return false;
  const peer = blobPartition(channel.peer);
  if (!ringsAt(peer, channel.doorbell) || peer.consoleInterrupt == channel.doorbell) return false;
  for (let other: u32 = 0; other < index; other++) {
    bound(other, MAX_CHANNELS);
    if (blobChannel(other).doorbell == channel.doorbell) return false;
  }
  for (let i: u32 = 0; i < peer.channelCount; i++) {
    bound(i, MAX_CHANNELS);
    // No third partition has that memory (regionIsSound): it can only lead back to this one.
    const end = regionAt(peer, blobChannel(peer.channelFirst + i).ipa);
    if (end !== null && end.pa == region.pa) return true;
  }
  return false;
}

/** A whole register of a device of the partition, and not of what it may have of the interrupt controller. */
function isOwnRegister(partition: BlobPartition, pa: u64): bool {
  // A device is at its PA.
  const region = regionAt(partition, pa);
  return (pa & 3) == 0 && region !== null && region.kind == REGION_DEVICE && !isControllerRegion(partition, region);
}

/** The partition lists that line, as edge triggered: the hypervisor makes it pending. */
function ringsAt(partition: BlobPartition, line: u32): bool {
  for (let i: u32 = 0; i < partition.interruptCount; i++) {
    bound(i, MAX_INTERRUPTS);
    const interrupt = blobInterrupt(partition.interruptFirst + i);
    if (interrupt.line == line) return interrupt.trigger == INTERRUPT_EDGE;
  }
  return false;
}

/** Lines that partitions have listed, as a bitmap. */
const listed: usize = memory.data(LINE_WORDS * 4, 8);

/** Nobody has listed it before. */
export function claimLine(line: u32): bool {
  if (!isLine(line)) return false;
  const at = listed + ((line >> 5) << 2);
  const bit = <u32>1 << (line & 31);
  const before = load<u32>(at);
  store<u32>(at, before | bit);
  return (before & bit) == 0;
}
