// Telemetry frames: what a partition and its vCPUs have done so far. Built by the housekeeper from counters that the others
// only ever raise; nobody waits for it. Keys: core/abi.ts.

import {
  EXIT_CAUSES, EXIT_SYSREG, FRAME_PARTITION, FRAME_VCPU, PARTITION_CONSOLE_DROPPED, PARTITION_DOORBELLS, PARTITION_RESTARTS, PARTITION_STATE,
  PARTITION_TAGS, PARTITION_TIME, PARTITION_UPTIME, PARTITION_WATCHDOG_EXPIRED, STATE_PAUSED, STATE_RUNNING, TAG_MAX,
  VCPU_EXITS, VCPU_HELD, VCPU_INDEX, VCPU_PCPU, VCPU_STATE, VCPU_THROTTLED, VCPU_TIME,
} from "./abi";
import { cborArray, cborMap, cborPair, cborPairs, cborUnsigned, cborValue } from "./cbor";
import { outputDropped } from "./console";
import { openFrame } from "./frame";
import { Partition, stateOf, tag, vcpuOfPartition } from "./partition";
import { duration, nanoseconds } from "./time";
import { Vcpu } from "./vcpu";
import { MAX_CPUS } from "../build/generated/blob";
import { bound } from "../build/generated/cpu";

const PARTITION_KEYS: u32 = 8;
const VCPU_KEYS: u32 = 7;

/** Builds a partition's frame. */
export function partitionFrame(partition: Partition, now: u64): void {
  const state = stateOf(partition);
  const published = partition.tagsPublished;
  let doorbells = partition.doorbells;
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    doorbells += vcpuOfPartition(partition, i).doorbells;
  }
  openFrame(FRAME_PARTITION, partition.index);
  cborValue(PARTITION_TIME, nanoseconds(now));
  cborValue(PARTITION_STATE, state);
  cborValue(PARTITION_UPTIME, (state == STATE_RUNNING || state == STATE_PAUSED) && partition.started != 0 ? duration(now - partition.started) : 0);
  cborValue(PARTITION_RESTARTS, partition.restarts);
  cborValue(PARTITION_CONSOLE_DROPPED, outputDropped(partition.index));
  cborValue(PARTITION_WATCHDOG_EXPIRED, partition.watchdogExpired);
  cborValue(PARTITION_DOORBELLS, doorbells);
  cborMap(PARTITION_KEYS);
  cborPairs(PARTITION_KEYS, PARTITION_TAGS);
  cborUnsigned(PARTITION_TAGS);
  cborMap(popcnt(published));
  for (let n: u32 = 0; n < TAG_MAX; n++) {
    bound(n, TAG_MAX);
    if (((published >> n) & 1) != 0) cborPair(n, tag(partition, n));
  }
}

/** Builds a vCPU's frame. */
export function vcpuFrame(vcpu: Vcpu, now: u64): void {
  openFrame(FRAME_VCPU, vcpu.partition);
  cborValue(VCPU_INDEX, vcpu.index);
  cborValue(VCPU_PCPU, vcpu.pcpu);
  cborValue(VCPU_STATE, vcpu.state);
  cborValue(VCPU_TIME, nanoseconds(now));
  cborValue(VCPU_HELD, duration(vcpu.held + (vcpu.heldSince != 0 ? now - vcpu.heldSince : 0)));
  cborValue(VCPU_THROTTLED, vcpu.throttled);
  cborMap(VCPU_KEYS);
  cborPairs(VCPU_KEYS, VCPU_EXITS);
  cborUnsigned(VCPU_EXITS);
  cborArray(EXIT_CAUSES);
  for (let cause: u32 = 0; cause < EXIT_CAUSES; cause++) {
    bound(cause, EXIT_CAUSES);
    cborUnsigned(cause == EXIT_SYSREG ? vcpu.exits(cause) + vcpu.maskWrites : vcpu.exits(cause));
  }
}
