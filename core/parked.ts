// A pCPU without a guest to run, and one that has been kicked: what the partition's state and the requests ask of it.

import { deliver, endTimer, periodOver, takeOwn } from "../build/generated/isa";
import { atomicExchange32, loadAcquire32 } from "../build/generated/cpu";
import { STATE_PAUSED, STATE_STOPPING, VCPU_ON, VCPU_ON_PENDING } from "./abi";
import { enterPending, hold, leave, PARK, release, RESUME, start, takeStep } from "./lifecycle";
import { takeOver, tick, tickPiece } from "./housekeeper";
import { ownerOf, Partition, partitionOf, stateOf } from "./partition";
import { REQUEST_HOUSEKEEP, REQUEST_START, Vcpu } from "./vcpu";

/** A kick has come while the guest ran. RESUME, PARK or AGAIN. */
export function kicked(vcpu: Vcpu): u32 {
  const partition = partitionOf(vcpu.partition);
  if ((loadAcquire32(vcpu.requestAt()) & REQUEST_HOUSEKEEP) != 0) takeOver(vcpu);
  const state = stateOf(partition);
  if (state == STATE_STOPPING) return leave(vcpu);
  if (state == STATE_PAUSED) {
    hold(vcpu);
    return PARK;
  }
  deliver(vcpu, partition);
  return RESUME;
}

/** The pCPU has no guest to run: takes what is pending, then goes on with what it was at, or looks whether there is one now. */
export function handleParked(vcpu: Vcpu): u32 {
  if (takeParked(vcpu)) {
    if (vcpu.housekeeper != 0) tickPiece();
    else periodOver(vcpu);
    endTimer();
  }
  const partition = ownerOf(vcpu);
  return vcpu.step != 0 ? takeStep(vcpu, partition) : lookForGuest(vcpu, partition);
}

/** The same where no guest ever runs. */
export function handleIdle(vcpu: Vcpu): void {
  if (!takeParked(vcpu)) return;
  if (vcpu.housekeeper != 0) tick();
  endTimer();
}

/** True: the timer is among what is pending: not ended yet, so that it comes once. */
function takeParked(vcpu: Vcpu): bool {
  if ((loadAcquire32(vcpu.requestAt()) & REQUEST_HOUSEKEEP) != 0) takeOver(vcpu);
  return takeOwn(vcpu);
}

function lookForGuest(vcpu: Vcpu, partition: Partition): u32 {
  if (stateOf(partition) == STATE_PAUSED) return PARK;
  const request = atomicExchange32(vcpu.requestAt(), 0);
  const stopping = stateOf(partition) == STATE_STOPPING;
  if ((request & REQUEST_START) != 0) return stopping ? leave(vcpu) : start(vcpu);
  if (vcpu.state == VCPU_ON) {
    if (stopping) return leave(vcpu);
    if (vcpu.isThrottled == 0) return release(vcpu, partition);
    deliver(vcpu, partition); // it is held, and its siblings are not
    return PARK;
  }
  return vcpu.state == VCPU_ON_PENDING ? enterPending(vcpu, partition) : PARK;
}
