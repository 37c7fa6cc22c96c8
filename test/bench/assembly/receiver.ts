// Sleeps until its doorbell rings, many times, and prints how many cycles that took from the sender's hypercall to the handler;
// then sleeps for good. asc's entry file.
//
//   bench: doorbell 300x9998 301x2
//   bench: received
import { bound } from "../../../build/generated/cpu";
import { timeDoorbell } from "../../../build/generated/paths";
import { acknowledge, endOfInterrupt } from "../../../rtos-guests/plc/aarch64/gic";
import { commonTime, startCycles } from "./clock";
import { enableInterrupts, enableSpi } from "./interrupts";
import { DOORBELLS, RECEIVER_DONE, RECEIVER_READY, setReceiverState, startedAt } from "./pair";
import { fail, line, print } from "./print";
import { addSample, printSamples, samplesWanted } from "./samples";

/** INTIDs that a doorbell may have: what of them is not this partition's is not enabled. */
const SPIS_FIRST: u32 = 32;
const SPIS_END: u32 = 288;

/** An unexpected exception (from start.S). */
export function failed(what: u64, where: u64, address: u64): void {
  fail(what, where, address);
}

/** From start.S. */
export function start(): void {
  startCycles();
  enableInterrupts();
  for (let intid = SPIS_FIRST; intid < SPIS_END; intid++) {
    bound(intid - SPIS_FIRST, SPIS_END);
    enableSpi(intid);
  }
  setReceiverState(RECEIVER_READY);
  const doorbells = samplesWanted(DOORBELLS);
  for (let i: u32 = 0; i < DOORBELLS; i++) {
    bound(i, DOORBELLS);
    if (i >= doorbells) break;
    const now = timeDoorbell();
    const intid = acknowledge();
    endOfInterrupt(intid);
    if (intid < SPIS_FIRST || intid >= SPIS_END) fail(intid, i, 0);
    addSample(commonTime(now) - startedAt());
  }
  printSamples("doorbell");
  line.text("bench: received");
  print();
  setReceiverState(RECEIVER_DONE);
  for (let i: u32 = 0; i < DOORBELLS; i++) {
    bound(i, DOORBELLS);
    timeDoorbell(); // nobody rings
  }
}
