// Telemetry frames: what a partition and its vCPUs have done so far. Built by the housekeeper from counters that the others
// only ever raise; nobody waits for it. Keys: core/abi.ts.

import {
  EXIT_CAUSES, FRAME_HYPERVISOR, FRAME_PARTITION, FRAME_SYSTEM, FRAME_VCPU, IMAGE_VALUES, PARTITION_CONSOLE_DROPPED,
  PARTITION_DOORBELLS, PARTITION_IMAGE, PARTITION_RESTARTS, PARTITION_STATE, PARTITION_TAGS, PARTITION_TIME, PARTITION_UPTIME,
  PARTITION_WATCHDOG_EXPIRED, STATE_PAUSED, STATE_RUNNING, SYSTEM_SLOT, SYSTEM_TIME, SYSTEM_UPDATE, VCPU_EXITS, VCPU_HELD,
  VCPU_INDEX, VCPU_PCPU, VCPU_STATE, VCPU_THROTTLED, VCPU_TIME,
} from "./abi";
import { cborArray, cborMap, cborPair, cborUnsigned } from "./cbor";
import { outputDropped } from "./console";
import { openFrame } from "./frame";
import { Partition, partitionOf, publishedTags, stateOf, tag, vcpuOfPartition } from "./partition";
import { duration, nanoseconds } from "./time";
import {
  imageNext, imageReceived, imageRefusal, imageRunning, imageSize, imageState, imageVersion, isUpdatable,
} from "./imageUpdate";
import { startedSlot, updateState } from "./trial";
import { Vcpu } from "./vcpu";
import { MAX_CPUS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

const SYSTEM_KEYS: u32 = 3;
const PARTITION_KEYS: u32 = 8;
const VCPU_KEYS: u32 = 7;
const TAGS_A_PIECE: u32 = 12; // Tags that are added to a partition's frame at a time

/** Of the frame that is being built: its partition, and which of the tags it has not got yet. */
let tagged: u32 = 0;
let tagsLeft: u32 = 0;

export function systemFrame(now: u64): void {
  openFrame(FRAME_SYSTEM, FRAME_HYPERVISOR);
  cborMap(SYSTEM_KEYS);
  cborPair(SYSTEM_TIME, nanoseconds(now));
  cborPair(SYSTEM_SLOT, startedSlot());
  cborPair(SYSTEM_UPDATE, updateState());
}

/** Begins a partition's frame; addTags completes it. */
export function partitionFrame(partition: Partition, now: u64): void {
  const state = stateOf(partition);
  const published = publishedTags(partition);
  let doorbells = partition.doorbells;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    doorbells += vcpuOfPartition(partition, i).doorbells;
  }
  openFrame(FRAME_PARTITION, partition.index);
  const updatable = isUpdatable(partition.index);
  cborMap(updatable ? PARTITION_KEYS + 1 : PARTITION_KEYS);
  cborPair(PARTITION_TIME, nanoseconds(now));
  cborPair(PARTITION_STATE, state);
  cborPair(PARTITION_UPTIME, (state == STATE_RUNNING || state == STATE_PAUSED) && partition.started != 0 ?
    duration(now - partition.started) : 0);
  cborPair(PARTITION_RESTARTS, partition.restarts);
  cborPair(PARTITION_CONSOLE_DROPPED, outputDropped(partition.index));
  cborPair(PARTITION_WATCHDOG_EXPIRED, partition.watchdogExpired);
  cborPair(PARTITION_DOORBELLS, doorbells);
  if (updatable) {
    cborUnsigned(PARTITION_IMAGE);
    cborArray(IMAGE_VALUES);
    cborUnsigned(imageState());
    cborUnsigned(imageRefusal());
    cborUnsigned(imageReceived());
    cborUnsigned(imageSize());
    cborUnsigned(imageVersion());
    cborUnsigned(imageRunning());
    cborUnsigned(imageNext());
  }
  cborUnsigned(PARTITION_TAGS);
  cborMap(popcnt(published));
  tagged = partition.index;
  tagsLeft = published;
}

/** Some of the tags. False: the frame has them all. */
export function addTags(): bool {
  if (tagsLeft == 0) return false;
  for (let i: u32 = 0; i < TAGS_A_PIECE && tagsLeft != 0; i++, tagsLeft &= tagsLeft - 1) {
    bound(i, TAGS_A_PIECE);
    cborPair(<u32>ctz(tagsLeft), tag(partitionOf(tagged), <u32>ctz(tagsLeft)));
  }
  return true;
}

export function vcpuFrame(vcpu: Vcpu, now: u64): void {
  openFrame(FRAME_VCPU, vcpu.partition);
  cborMap(VCPU_KEYS);
  cborPair(VCPU_INDEX, vcpu.index);
  cborPair(VCPU_PCPU, vcpu.pcpu);
  cborPair(VCPU_STATE, vcpu.state);
  cborPair(VCPU_TIME, nanoseconds(now));
  cborPair(VCPU_HELD, duration(vcpu.held + (vcpu.heldSince != 0 ? now - vcpu.heldSince : 0)));
  cborPair(VCPU_THROTTLED, vcpu.throttled);
  cborUnsigned(VCPU_EXITS);
  cborArray(EXIT_CAUSES);
  for (let cause: u32 = 0; cause < EXIT_CAUSES; cause++) {
    bound(cause, EXIT_CAUSES);
    cborUnsigned(vcpu.exits(cause));
  }
}
