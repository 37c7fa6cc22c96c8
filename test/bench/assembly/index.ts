// The benchmark guest: takes each path many times and prints how many cycles it took, and how often that many. The same
// binary runs under the hypervisor and without; it finds out which by asking for the hypervisor's UID. asc's entry file.
//
//   bench: reset 250000               nanoseconds from the machine's reset to the guest's first instruction
//   bench: settled                    measuring begins
//   bench: timer 55x9990 56x10        cycles of a path, and how often: on one line or more
//   bench: failed 5e000000 40000100   an exception, or an interrupt that is not the expected one
//   bench: end
import { bound } from "../../../build/generated/cpu";
import { hvc, mrs_CNTFRQ_EL0 } from "../../../build/generated/guest";
import { HYP_UID_0, SMCCC_HYP_UID } from "../../../arch/aarch64/calls";
import { raiseAlarm } from "./alarm";
import { startCycles } from "./clock";
import { enableInterrupts } from "./interrupts";
import { nameOf, PATH_ACCESS_FIRST, PATH_BARE_FIRST, PATH_HYPERCALL, PATHS, take } from "./paths";
import { fail, line, print } from "./print";
import { addSample, forgetSamples, isBrief, printSamples, samplesWanted } from "./samples";
import { findMoment, sleep, sleepStep } from "./sleep";

const WARM_UP: u32 = 16;
/** Of a path that ends in a handler, and of any other. */
const LATENCY_SAMPLES: u32 = 10000;
const SAMPLES: u32 = 1000;

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
/** So long after its start it begins to measure: a neighbour has started too by then. */
const SETTLE_US: u64 = 2000000;
/** Within that the last line has left the hypervisor, and telemetry too. Then the guest spins (start.S). */
const FLUSH_US: u64 = 3000000;

/** An unexpected exception (from start.S). */
export function failed(what: u64, where: u64, address: u64): void {
  fail(what, where, address);
}

function measure(path: u32): void {
  const samples = samplesWanted(path >= PATH_BARE_FIRST && path < PATH_ACCESS_FIRST ? LATENCY_SAMPLES : SAMPLES);
  forgetSamples();
  for (let i: u32 = 0; i < WARM_UP + LATENCY_SAMPLES; i++) {
    bound(i, WARM_UP + LATENCY_SAMPLES);
    if (i >= WARM_UP + samples) break;
    sleepStep();
    const cycles = take(path);
    if (i >= WARM_UP) addSample(cycles);
  }
  printSamples(nameOf(path));
}

/** From start.S; `reset` is CNTPCT_EL0 at the guest's first instruction. */
export function start(reset: u64): void {
  startCycles();
  line.text("bench: reset ");
  line.decimal((reset * NANOSECONDS_PER_SECOND) / mrs_CNTFRQ_EL0());
  print();

  enableInterrupts();
  raiseAlarm();
  if (!isBrief()) sleep(SETTLE_US);
  findMoment();
  line.text("bench: settled");
  print();

  const hosted = <u32>hvc(SMCCC_HYP_UID, 0, 0, 0, 0, 0, 0, 0) == HYP_UID_0;
  for (let path = hosted ? PATH_HYPERCALL : PATH_BARE_FIRST; path < PATHS; path++) {
    bound(path, PATHS);
    measure(path);
  }
  line.text("bench: end");
  print();
  sleep(FLUSH_US);
}
