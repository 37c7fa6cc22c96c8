// The partition: its state, and the decisions about starting, stopping and failing.
//
//                 start                    last vCPU parked
//   OFF / FAILED ───────▶ RUNNING ─stop─▶ STOPPING ───────▶ OFF | FAILED | INSPECT   (what `after` says)
//                            ▲                │
//                            └────────────────┘  after = RUNNING: restart
//   RUNNING ◀─resume─ / ─pause─▶ PAUSED ─stop─▶ STOPPING: its vCPUs are held where they are
//
// `active` has a bit for every pCPU whose vCPU is on or about to be. Whoever clears the last bit finishes the stop: so a
// partition is torn down by its own pCPUs, and nobody waits for anybody.

import {
  MAILBOX_DOORBELL_COUNT, ON_FAILURE_INSPECT, ON_FAILURE_RESTART, STATE_FAILED, STATE_INSPECT, STATE_OFF, STATE_PAUSED,
  STATE_RUNNING, STATE_STOPPING, STOP_COMMAND, STOP_CPU_OFF, STOP_SYSTEM_OFF, STOP_SYSTEM_RESET, TAG_MAX, VCPU_ON,
} from "./abi";
import { blobPartition, BlobPartition, MAX_CPUS, MAX_PARTITIONS } from "../build/generated/blob";
import { atomicAnd32, atomicOr32, bound, compareExchange32, loadAcquire32, storeRelease32 } from "../build/generated/cpu";
import { sharedAt } from "./blob";
import { ticks } from "./time";
import { REQUEST_START, Vcpu, vcpuOf } from "./vcpu";

@unmanaged
export class Partition {
  /** STATE_* and, while it is stopping, why; RUNNING → STOPPING by compare-exchange, so that one stop wins, whole. */
  state: u32;
  index: u32;
  /** pCPUs whose vCPU is not off. */
  active: u32;
  restarts: u32;
  vcpuCount: u32;
  started: u64; // Tick at which its boot vCPU was last started
  plan: BlobPartition; // Its record in the blob
  /** Its emulated interrupt controller's control register, as the ISA has it; and 1 if that lets interrupts through. */
  controllerControl: u32;
  controllerOn: u32;
  /** Watchdog: period in ticks (0: none), and the tick at which it expires (0: not armed). */
  watchdogPeriod: u64;
  watchdogDeadline: u64;
  watchdogExpired: u32;
  restartDue: u64; // Tick at which a partition that fails time and again may start next; 0: it is not waiting
  failedEarly: u32; // Its last stop came that early
  cached: u32; // Since its RAM was cleaned last, a life of it may have had its caches on
  unavailable: u32; // One of its pCPUs does not start: it never runs
  tagsPublished: u32; // Bit n: tag n has been published since the partition started
  stoppingTicks: u32; // Ticks since its stop began
  /** PA of its mailbox, 0: none; its watchdog word and its count of console bytes as the housekeeper saw them last. */
  mailboxTail: u32;
  mailbox: u64;
  mailboxFed: u64;
  /** PA of its tag image, 0: none that is sent; where its copy is; the sequence number seen last; all is to be sent anew. */
  tags: u64;
  tagCopy: u32;
  tagsSeen: u32;
  tagsAsked: u32;
  doorbells: u64; // Doorbells rung from the mailbox

  /** The mailbox's doorbell word n, as the housekeeper saw it last; n < MAILBOX_DOORBELL_COUNT. */
  @inline rung(n: u32): u32 { return load<u32>(changetype<u32>(this) + (n << 2), RUNG); }
  @inline setRung(n: u32, value: u32): void { store<u32>(changetype<u32>(this) + (n << 2), value, RUNG); }
}

const RUNG: u32 = 192;
const TAGS: u32 = RUNG + MAILBOX_DOORBELL_COUNT * 4;
const PARTITION_SIZE: u32 = TAGS + TAG_MAX * 8 + 32;
const PCPUS: u32 = TAGS + TAG_MAX * 8; // pCPU of each vCPU, a byte each, by the vCPU's index

const partitions: usize = memory.data(PARTITION_SIZE * MAX_PARTITIONS, 64);

if (offsetof<Partition>() > RUNG) ERROR("Partition: fields have grown into the doorbells");

/** Record of partition n; n < MAX_PARTITIONS is the caller's to have checked. */
@inline export function partitionOf(n: u32): Partition { return changetype<Partition>(partitions + n * PARTITION_SIZE); }

/** The partition that a vCPU belongs to: not for a spare pCPU's. */
@inline export function ownerOf(vcpu: Vcpu): Partition { return changetype<Partition>(vcpu.owner); }
@inline export function tag(partition: Partition, n: u32): u64 {
  return load<u64>(changetype<usize>(partition) + (n << 3), TAGS);
}

@inline export function setTag(partition: Partition, n: u32, value: u64): void {
  store<u64>(changetype<usize>(partition) + (n << 3), value, TAGS);
}

/** The vCPU with that index; the caller has checked index < vcpuCount. */
@inline export function vcpuOfPartition(partition: Partition, index: u32): Vcpu {
  return vcpuOf(load<u8>(changetype<usize>(partition) + index, PCPUS));
}

@inline function tagsPublishedAt(partition: Partition): u32 {
  return changetype<u32>(partition) + offsetof<Partition>("tagsPublished");
}

/** Those tags count from now on, since the partition started. */
export function publishTags(partition: Partition, bits: u32): void {
  if ((partition.tagsPublished & bits) != bits) atomicOr32(tagsPublishedAt(partition), bits);
}

/** Which do: what they were published with, or later, is read behind this. */
@inline export function publishedTags(partition: Partition): u32 { return loadAcquire32(tagsPublishedAt(partition)); }

/** Fills the record, which is all zeros, from the blob: what stays as long as the board is on. It is off (STATE_OFF is 0). */
export function planPartition(index: u32, plan: BlobPartition, watchdogPeriod: u64): void {
  const partition = partitionOf(index);
  partition.index = index;
  partition.plan = plan;
  partition.mailbox = sharedAt(plan, plan.mailbox);
  partition.tags = sharedAt(plan, plan.tags);
  if (index != 0) partition.tagCopy = partitionOf(index - 1).tagCopy + blobPartition(index - 1).tagBytes;
  partition.watchdogPeriod = watchdogPeriod;
  for (let pcpu: u32 = 0; pcpu < MAX_CPUS; pcpu++) {
    bound(pcpu, MAX_CPUS);
    if (((plan.cpus >> pcpu) & 1) == 0) continue;
    const vcpu = vcpuOf(pcpu);
    vcpu.owner = changetype<usize>(partition);
    store<u8>(changetype<usize>(partition) + vcpu.index, <u8>pcpu, PCPUS);
    partition.vcpuCount++;
  }
}

//   state word:   ┌─────────┬────────┬────────┐
//                 │ restart │ STOP_* │ STATE_*│   the upper two while it is STOPPING only
//                 └─────────┴────────┴────────┘
//                  16        15…8     7…0
const STATE_MASK: u32 = 0xff;
const REASON_SHIFT: u32 = 8;
const RESTART_BIT: u32 = 1 << 16;

@inline function stateAt(partition: Partition): u32 { return changetype<u32>(partition) + offsetof<Partition>("state"); }
@inline function stateWord(partition: Partition): u32 { return loadAcquire32(stateAt(partition)); }
@inline export function stateOf(partition: Partition): u32 { return stateWord(partition) & STATE_MASK; }

/** STOP_* of the stop under way; 0: none is. */
@inline export function reasonOf(partition: Partition): u32 { return (stateWord(partition) >> REASON_SHIFT) & STATE_MASK; }
@inline function activeAt(partition: Partition): u32 { return changetype<u32>(partition) + offsetof<Partition>("active"); }
@inline export function activeCpus(partition: Partition): u32 { return loadAcquire32(activeAt(partition)); }
@inline export function setActive(partition: Partition, pcpu: u32): void { atomicOr32(activeAt(partition), <u32>1 << pcpu); }

/** True for the pCPU that was the last one active. */
@inline export function clearActive(partition: Partition, pcpu: u32): bool {
  const bit = <u32>1 << pcpu;
  return atomicAnd32(activeAt(partition), ~bit) == bit;
}

/**
 * Asks a partition that is off, failed or left for inspection to start. Gives back the mask of pCPUs to kick: its boot
 * pCPU, or 0 when it is not in a state to start from.
 */
export function startPartition(partition: Partition): u32 {
  if (partition.unavailable != 0) return 0;
  const state = stateOf(partition);
  if (state != STATE_OFF && state != STATE_FAILED && state != STATE_INSPECT) return 0;
  if (compareExchange32(stateAt(partition), state, STATE_RUNNING) != state) return 0;
  partition.restartDue = 0;
  const pcpu = partition.plan.bootCpu;
  setActive(partition, pcpu);
  atomicOr32(vcpuOf(pcpu).requestAt(), REQUEST_START);
  return <u32>1 << pcpu;
}

/**
 * Asks a running partition to stop, for a reason STOP_*. `restart` asks for a fresh start after it. Gives back the mask of
 * pCPUs to kick (the caller's own may be among them), or 0 when it does not run: then somebody else's stop has won.
 */
export function stopPartition(partition: Partition, reason: u32, restart: bool): u32 {
  const at = stateAt(partition);
  const stopping = STATE_STOPPING | (reason << REASON_SHIFT) | (restart ? RESTART_BIT : 0);
  if (compareExchange32(at, STATE_RUNNING, stopping) != STATE_RUNNING &&
    compareExchange32(at, STATE_PAUSED, stopping) != STATE_PAUSED) return 0;
  return partition.plan.cpus;
}

/** Asks a running partition to hold its vCPUs. The mask of pCPUs to kick, or 0: it does not run. */
export function pausePartition(partition: Partition): u32 {
  return compareExchange32(stateAt(partition), STATE_RUNNING, STATE_PAUSED) == STATE_RUNNING ? partition.plan.cpus : 0;
}

/** Every vCPU that is on is held, after a pause. */
export function isHeld(partition: Partition): bool {
  for (let i: u32 = 0; i < partition.vcpuCount; i++) {
    bound(i, MAX_CPUS);
    const vcpu = vcpuOfPartition(partition, i);
    if (loadAcquire32(vcpu.stateAt()) == VCPU_ON && vcpu.inGuest != 0) return false;
  }
  return true;
}

/** Lets a paused partition go on. Its watchdog begins anew. The mask of pCPUs to kick, or 0: it was not paused. */
export function resumePartition(partition: Partition, now: u64): u32 {
  if (partition.watchdogDeadline != 0) partition.watchdogDeadline = now + partition.watchdogPeriod;
  return compareExchange32(stateAt(partition), STATE_PAUSED, STATE_RUNNING) == STATE_PAUSED ? partition.plan.cpus : 0;
}

/** The state that the stop under way leads to; STATE_RUNNING: a restart. */
function afterStop(partition: Partition): u32 {
  const reason = reasonOf(partition);
  if (reason == STOP_SYSTEM_RESET || (stateWord(partition) & RESTART_BIT) != 0) return STATE_RUNNING;
  if (reason == STOP_COMMAND || reason == STOP_SYSTEM_OFF || reason == STOP_CPU_OFF) return STATE_OFF;
  const onFailure = partition.plan.onFailure;
  if (onFailure == ON_FAILURE_RESTART) return STATE_RUNNING;
  return onFailure == ON_FAILURE_INSPECT ? STATE_INSPECT : STATE_FAILED;
}

/** The stop under way ends in a restart. */
@inline export function restarts(partition: Partition): bool { return afterStop(partition) == STATE_RUNNING; }

/** The vCPU does not stand still by the hypervisor's will any more: what it did until now counts (VCPU_HELD). */
export function endHold(vcpu: Vcpu, now: u64): void {
  if (vcpu.heldSince == 0) return;
  vcpu.held += now - vcpu.heldSince;
  vcpu.heldSince = 0;
}

/** A partition that fails or resets twice in a row sooner than this after its start waits as long: no storm of restarts. */
const RESTART_PAUSE_MICROSECONDS: u32 = 1_000_000;

/**
 * The stop is complete: no vCPU of the partition is in the guest any more, and its interrupts are quiet. Gives back the
 * mask of pCPUs to kick, for a restart.
 */
export function finishStop(partition: Partition, now: u64): u32 {
  partition.watchdogDeadline = 0;
  partition.tagsPublished = 0;
  const reason = reasonOf(partition);
  const after = afterStop(partition);
  if (after != STATE_RUNNING) {
    storeRelease32(stateAt(partition), after);
    return 0;
  }
  partition.restarts++;
  const pause = ticks(RESTART_PAUSE_MICROSECONDS);
  const early = reason != STOP_COMMAND && now - partition.started < pause;
  const again = partition.failedEarly != 0;
  partition.failedEarly = early ? 1 : 0;
  const waits = early && again;
  // Before the state: a start by command, possible from then on, ends the waiting.
  if (waits) partition.restartDue = now + pause;
  storeRelease32(stateAt(partition), STATE_OFF);
  return waits ? 0 : startPartition(partition);
}

/** Gives up a restart that waits for its pause to be over. False: none does. */
export function cancelRestart(partition: Partition, now: u64): bool {
  if (partition.restartDue == 0) return false;
  endHold(vcpuOf(partition.plan.bootCpu), now);
  partition.restartDue = 0;
  return true;
}

/** It runs, or is held: a stop has something to stop. */
export function isOn(partition: Partition): bool {
  const state = stateOf(partition);
  return state == STATE_RUNNING || state == STATE_PAUSED;
}

/** For the housekeeper: the pause before a restart is over. */
@inline export function isRestartDue(partition: Partition, now: u64): bool {
  return partition.restartDue != 0 && now >= partition.restartDue;
}

/** For the housekeeper, every tick. True once when a stop has not been complete for that many ticks. */
export function stopHangs(partition: Partition, patience: u32): bool {
  if (stateOf(partition) != STATE_STOPPING) partition.stoppingTicks = 0;
  else if (partition.stoppingTicks <= patience) partition.stoppingTicks++;
  return partition.stoppingTicks == patience;
}

/** The watchdog has been fed at that tick. False: the partition has none. */
@inline export function feedWatchdog(partition: Partition, now: u64): bool {
  if (partition.watchdogPeriod == 0) return false;
  partition.watchdogDeadline = now + partition.watchdogPeriod;
  return true;
}

@inline export function isWatchdogDue(partition: Partition, now: u64): bool {
  const deadline = partition.watchdogDeadline;
  return deadline != 0 && now >= deadline && stateOf(partition) == STATE_RUNNING;
}
