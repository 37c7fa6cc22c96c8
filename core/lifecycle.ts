// Entering, leaving, starting and stopping, on the pCPU concerned: what core/partition.ts decides, carried out.

import {
  clock, closeInterrupts, deliver, fence, kick, mmioWrite32, openInterrupts, quietLines, quietVcpu, renewMemory, resetConsole,
  resetController, resetPrivateLines, resetVcpu, suspendInterrupts,
} from "../build/generated/isa";
import { BlobPartition, blobQuiesce, MAX_QUIESCES } from "../build/generated/blob";
import { bound, compareExchange32, loadAcquire32, storeRelease32 } from "../build/generated/cpu";
import {
  EVENT_STARTED, EVENT_STOPPED, STATE_PAUSED, STATE_RUNNING, STATE_STOPPING, STOP_CPU_OFF, VCPU_OFF, VCPU_ON, VCPU_ON_PENDING,
} from "./abi";
import { isDirect, readsAlong } from "./blob";
import { openTelemetry, TELEMETRY_PORT } from "./console";
import { plantSeed } from "./entropy";
import { recordEvent } from "./events";
import { announceKicks, concludeKicks, dropKicks, kickAll } from "./kicks";
import { cleanPiece, loadPiece } from "./loads";
import { clearMailbox, DRAIN_PIECES, drainMailbox } from "./mailbox";
import {
  activeCpus, clearActive, endHold, finishStop, isHeld, Partition, pausePartition, reasonOf, restarts, resumePartition, setActive,
  startPartition, stateOf, stopPartition, vcpuOfPartition,
} from "./partition";
import { grantStage2, revokeStage2 } from "./stage2";
import { adoptUpdate } from "./imageUpdate";
import { Vcpu, vcpuOf } from "./vcpu";

// What an exit handler tells the vectors (arch/<isa>/entry.S) to do next.
export const RESUME: u32 = 0; // The guest goes on
export const PARK: u32 = 1; // There is no guest to go back to: park(), then sleep until an interrupt comes
export const AGAIN: u32 = 2; // The same, but there is more to do: park() again, which looks at what is pending first

/** Puts the vCPU into its reset state and lets it begin at `entry` with `argument`. RESUME, or AGAIN if it must not. */
function enter(vcpu: Vcpu, partition: Partition, entry: u64, argument: u64): u32 {
  resetVcpu(vcpu, partition, entry, argument);
  return release(vcpu, partition);
}

/** The vCPU runs its guest, from here on or again. RESUME, or PARK or AGAIN if it must not. */
export function release(vcpu: Vcpu, partition: Partition): u32 {
  openInterrupts(vcpu);
  if (vcpu.direct == 0) deliver(vcpu, partition);
  storeRelease32(vcpu.stateAt(), VCPU_ON);
  fence();
  if (vcpu.direct != 0 && !dropKicks(vcpu)) {
    closeInterrupts(vcpu);
    kick(vcpu); // so that we look again
    return PARK;
  }
  endHold(vcpu, clock());
  // A stop or pause that came before we were on has passed us by: its kick is taken, its state is not.
  return stateOf(partition) == STATE_RUNNING ? RESUME : obey(vcpu, partition);
}

/** The vCPU stays where it is for a while, its registers kept. */
export function hold(vcpu: Vcpu): void {
  closeInterrupts(vcpu);
  if (vcpu.direct == 0) suspendInterrupts();
  vcpu.heldSince = clock();
}

/** The partition does not run any more: the vCPU does what its state asks for. */
export function obey(vcpu: Vcpu, partition: Partition): u32 {
  if (stateOf(partition) != STATE_PAUSED) return leave(vcpu);
  hold(vcpu);
  return PARK;
}

/** The vCPU is done with its guest: what there is to do about it, park() does, a step at a time (takeStep). */
export function leave(vcpu: Vcpu): u32 {
  closeInterrupts(vcpu);
  vcpu.step = STEP_LEAVE;
  return AGAIN;
}

/** Asks for a vCPU of one's own partition to begin at `entry` (checked by the caller). One who asks wins; until entry and context
 *  are there, the vCPU is not active, and so does not look at them. VCPU_OFF: it will; else what it is already. */
export function switchOn(partition: Partition, target: Vcpu, entry: u64, context: u64): u32 {
  const before = compareExchange32(target.stateAt(), VCPU_OFF, VCPU_ON_PENDING);
  if (before != VCPU_OFF) return before;
  target.entry = entry;
  target.context = context;
  const bit = (<u32>1) << target.pcpu;
  announceKicks(bit);
  setActive(partition, target.pcpu);
  kick(target);
  concludeKicks(bit);
  return before;
}

/** Switches the vCPU on as another one of its partition has asked for, on its own pCPU. */
export function enterPending(vcpu: Vcpu, partition: Partition): u32 {
  // Active is set after entry and context are (switchOn): before that there is nothing to enter.
  if (((activeCpus(partition) >> vcpu.pcpu) & 1) == 0) return PARK;
  return enter(vcpu, partition, vcpu.entry, vcpu.context);
}

// What takes longer than a guest may be kept from its interrupts, or others from the housekeeper: a step at a time, with a look
// at what is pending between any two. A stop that comes while a start is under way is taken there too.
const STEP_LEAVE: u32 = 1; // the vCPU: off, nothing pending or active
const STEP_SILENCE: u32 = 2; // whoever left last, for its partition: devices and interrupts
const STEP_DRAIN: u32 = 3; // what its mailbox still holds
const STEP_FINISH: u32 = 4;
/** From here on it starts, on its boot pCPU. */
const STEP_START: u32 = 5;
const STEP_LOAD: u32 = 6;
const STEP_CLEAN: u32 = 7;
const STEP_ENTER: u32 = 8;

/** Starts the partition on its boot pCPU: devices and memory as the plan has them, then its first instruction. */
export function start(vcpu: Vcpu): u32 {
  vcpu.step = STEP_START;
  return AGAIN;
}

/** The next step of what is under way. RESUME, PARK or AGAIN. */
export function takeStep(vcpu: Vcpu, partition: Partition): u32 {
  const step = vcpu.step;
  if (step >= STEP_START) {
    const state = stateOf(partition);
    if (state == STATE_STOPPING) vcpu.step = STEP_LEAVE;
    if (state == STATE_PAUSED) return PARK;
    if (state == STATE_RUNNING) return startStep(vcpu, partition, step);
  } else if (step == STEP_LEAVE) {
    leaveStep(vcpu, partition);
  } else if (step == STEP_SILENCE) {
    silence(partition.plan);
    nextStep(vcpu, STEP_DRAIN);
  } else if (step == STEP_DRAIN) {
    if (++vcpu.item == DRAIN_PIECES || !drainMailbox(partition)) nextStep(vcpu, STEP_FINISH);
  } else {
    clearMailbox(partition); // now, when nobody looks at it
    vcpu.step = 0;
    const now = clock();
    recordEvent(EVENT_STOPPED, partition.index, now, reasonOf(partition), 0, 0);
    announceKicks(partition.plan.cpus);
    told(partition, finishStop(partition, now));
  }
  return AGAIN;
}

@inline function nextStep(vcpu: Vcpu, step: u32): void {
  vcpu.step = step;
  vcpu.item = 0;
  vcpu.done = 0;
}

function startStep(vcpu: Vcpu, partition: Partition, step: u32): u32 {
  const plan = partition.plan;
  if (step == STEP_START) {
    resetPrivateLines(vcpuOfPartition(partition, vcpu.item)); // all of them: the first vCPU sees them before they begin
    if (++vcpu.item < partition.vcpuCount) return AGAIN;
    if (!adoptUpdate(partition.index)) {
      vcpu.item--;
      return AGAIN;
    }
    resetConsole(partition.index);
    if (readsAlong(plan)) {
      openTelemetry(partition.index);
      resetConsole(TELEMETRY_PORT);
    }
    resetController(vcpu, partition);
    nextStep(vcpu, STEP_LOAD);
  } else if (step == STEP_LOAD) {
    // What an earlier life left in the caches would be written over what the new one stores with its caches off. Where it never
    // had them on (`cached` tells), all of its stores went to memory.
    if (!loadPiece(vcpu, plan)) nextStep(vcpu, partition.cached != 0 ? STEP_CLEAN : STEP_ENTER);
  } else if (step == STEP_CLEAN) {
    if (cleanPiece(vcpu, plan)) return AGAIN;
    partition.cached = 0;
    nextStep(vcpu, STEP_ENTER);
  } else {
    // A stop or pause of the life before may not have taken its memory away yet: it has, when its kicks are no longer announced.
    if (vcpu.direct != 0 && loadAcquire32(vcpu.kicksAnnouncedAt()) != 0) {
      kick(vcpu); // so that we look again
      return PARK;
    }
    vcpu.step = 0;
    plantSeed(partition.index, plan);
    if (vcpu.direct != 0) grantStage2(partition.index);
    renewMemory(partition.index);
    partition.started = clock();
    recordEvent(EVENT_STARTED, partition.index, partition.started, plan.entry, partition.restarts, 0);
    return enter(vcpu, partition, plan.entry, plan.argument);
  }
  return AGAIN;
}

/** The vCPU leaves its guest for good: off, nothing pending or active. Whoever leaves last finishes the partition's stop. */
function leaveStep(vcpu: Vcpu, partition: Partition): void {
  quietVcpu(vcpu);
  const stopping = stateOf(partition) == STATE_STOPPING;
  const now = clock();
  endHold(vcpu, now);
  // Until its partition runs again: but not a vCPU that somebody has to switch on then, and not where nobody starts it anew.
  if (stopping && restarts(partition) && vcpu.index == 0) vcpu.heldSince = now;
  // Off comes last, and only from here: from then on another vCPU may make this one active again.
  nextStep(vcpu, 0);
  const last = clearActive(partition, vcpu.pcpu);
  storeRelease32(vcpu.stateAt(), VCPU_OFF);
  if (!last) return;
  if (!stopping) stopPartition(partition, STOP_CPU_OFF, false);
  vcpu.step = STEP_SILENCE;
}

function silence(plan: BlobPartition): void {
  for (let i: u32 = 0; i < plan.quiesceCount; i++) {
    bound(i, MAX_QUIESCES);
    const quiesce = blobQuiesce(plan.quiesceFirst + i);
    mmioWrite32(quiesce.pa, quiesce.value);
  }
  quietLines(plan.interruptFirst, plan.interruptCount, vcpuOf(plan.bootCpu));
}

/** The partition stops itself, or is stopped for what this vCPU did. */
export function stopOwn(vcpu: Vcpu, partition: Partition, reason: u32): u32 {
  stop(partition, reason, false, (<u32>1) << vcpu.pcpu);
  return leave(vcpu);
}

/** Kicks those of the partition's pCPUs, as announced. False: there are none. */
function told(partition: Partition, kicked: u32): bool {
  kickAll(kicked);
  concludeKicks(partition.plan.cpus);
  return kicked != 0;
}

/** Starts a partition that is off, from wherever that is. False: it is not in a state to start from. */
export function launch(partition: Partition): bool {
  announceKicks(partition.plan.cpus);
  return told(partition, startPartition(partition));
}

/** Stops a partition from wherever it is; pCPUs of the mask `knowing` need not be told. False: it does not run. */
export function stop(partition: Partition, reason: u32, restart: bool, knowing: u32): bool {
  announceKicks(partition.plan.cpus);
  return makeLeave(partition, stopPartition(partition, reason, restart), knowing);
}

/** vCPUs of the mask `cpus` come to the hypervisor: by their kick, or with direct interrupts because they find no memory any
 *  more. False: there are none. */
function makeLeave(partition: Partition, cpus: u32, knowing: u32): bool {
  if (cpus != 0 && isDirect(partition.plan)) revokeStage2(partition.index);
  told(partition, cpus & ~knowing);
  return cpus != 0;
}

/** Holds a running partition's vCPUs where they are. False: it does not run. */
export function pause(partition: Partition): bool {
  announceKicks(partition.plan.cpus);
  return makeLeave(partition, pausePartition(partition), 0);
}

/** Lets a paused partition go on, once all its vCPUs are held. False: they are not. */
export function resume(partition: Partition): bool {
  if (stateOf(partition) != STATE_PAUSED || !isHeld(partition)) return false;
  announceKicks(partition.plan.cpus);
  if (isDirect(partition.plan)) grantStage2(partition.index);
  const kicked = resumePartition(partition, clock());
  // A vCPU that failed just before it was to be held has stopped the partition meanwhile.
  if (kicked == 0 && isDirect(partition.plan)) revokeStage2(partition.index);
  return told(partition, kicked);
}
