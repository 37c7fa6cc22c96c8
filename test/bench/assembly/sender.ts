// Rings its peer's doorbell, many times, and then resets its own partition, to see how long that takes: once with its
// caches never on, and once after it has had them on, when all of its memory has to be cleaned from them. asc's entry file.
//
//   bench: rung                    all doorbells
//   bench: restart 250000          in its second life: nanoseconds from SYSTEM_RESET to the first instruction
//   bench: restart-cached 600000   in its third
//   bench: end
import { bound } from "../../../build/generated/cpu";
import { hvc, mmioRead32, mmioWrite32, mrs_CNTFRQ_EL0, mrs_CNTPCT_EL0 } from "../../../build/generated/guest";
import { cachesOn, ringAt } from "../../../build/generated/paths";
import { HYPERCALL_DOORBELL } from "../../../arch/aarch64/calls";
import { startCycles, zero } from "./clock";
import { enableInterrupts } from "./interrupts";
import { DOORBELLS, lives, RECEIVER_DONE, RECEIVER_READY, receiverState, setLives, setSenderZero, STARTED } from "./pair";
import { fail, line, print } from "./print";
import { samplesWanted } from "./samples";
import { findMoment, sleep, sleepStep } from "./sleep";

/** PL031's match register keeps a number while the partition restarts. After the machine's reset it is 0. */
const RTCMR: u64 = 0x09010004;
const CHANNEL: u64 = 0;
const PSCI_SYSTEM_RESET: u64 = 0x84000009;
const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

const POLL_US: u64 = 1000;
const POLLS: u32 = 10000;
/** Long enough for several frames of telemetry of both partitions. */
const PAUSE_US: u64 = 500000;
/** A second after its start a partition that resets itself is started at once again (core/partition.ts). */
const LONG_LIFE_US: u64 = 1000000;
/** Within that the last line has left the hypervisor, and telemetry too. Then the guest spins (start.S). */
const FLUSH_US: u64 = 3000000;

/** An unexpected exception (from start.S). */
export function failed(what: u64, where: u64, address: u64): void {
  fail(what, where, address);
}

function awaitReceiver(state: u32): void {
  for (let i: u32 = 0; i < POLLS; i++) {
    bound(i, POLLS);
    if (receiverState() == state) return;
    sleep(POLL_US);
  }
  fail(receiverState(), state, 0);
}

function laterLife(firstInstruction: u64, reset: u32): void {
  const isSecond = lives() == 1;
  line.text(isSecond ? "bench: restart " : "bench: restart-cached ");
  line.decimal(<u64>(<u32>firstInstruction - reset) * NANOSECONDS_PER_SECOND / mrs_CNTFRQ_EL0());
  print();
  sleep(PAUSE_US);
  if (isSecond) {
    sleep(LONG_LIFE_US);
    cachesOn();
    return again(2);
  }
  line.text("bench: end");
  print();
  sleep(FLUSH_US);
}

/** The partition begins anew, for the nth time. */
function again(n: u32): void {
  setLives(n);
  mmioWrite32(RTCMR, <u32>mrs_CNTPCT_EL0());
  hvc(PSCI_SYSTEM_RESET, 0, 0, 0, 0, 0, 0, 0);
}

/** From start.S; `firstInstruction` is CNTPCT_EL0 at that. */
export function start(firstInstruction: u64): void {
  startCycles();
  enableInterrupts();
  const reset = mmioRead32(RTCMR);
  if (reset != 0) return laterLife(firstInstruction, reset);

  setSenderZero(zero);
  awaitReceiver(RECEIVER_READY);
  findMoment();
  const doorbells = samplesWanted(DOORBELLS);
  for (let i: u32 = 0; i < DOORBELLS; i++) {
    bound(i, DOORBELLS);
    if (i >= doorbells) break;
    sleepStep();
    if (ringAt(STARTED, HYPERCALL_DOORBELL, CHANNEL) != 0) return fail(i, 0, 0);
  }
  awaitReceiver(RECEIVER_DONE);
  line.text("bench: rung");
  print();
  sleep(PAUSE_US);
  again(1);
}
