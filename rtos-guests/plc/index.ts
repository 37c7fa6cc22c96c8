// A bare-metal PLC at EL1, in AssemblyScript: a 1 kHz scan off an EL1 timer that measures itself. This is asc's entry
// file; start.S and vectors.S call its three exports. Read on: scan.ts, timer.ts, logic/program.ts, reports.ts.
//
// After `start` the guest only ever runs in its interrupt handler: one scan an interrupt. Any exception other than IRQ is
// the guest's end: it says so, feeds its watchdog no more and stands in WFE, so that the hypervisor's health mechanism,
// which has to work for a hung guest too, is what brings the partition back.
import { openChannel } from "./channel";
import { acknowledge, enableInterruptController, endOfInterrupt, INTID_SPECIAL_FIRST } from "./gic";
import { openLine, seizeLine, sendLine } from "./console";
import { feedWatchdog, probeHypervisor } from "./services";
import { startProgram } from "./logic/program";
import { startProcess } from "./process";
import { report } from "./reports";
import { beginScan, endScan, startScans } from "./scan";
import { now, startTimer } from "./timer";
import { openValues } from "./values";

let timer: u32 = 0;

/** From start.S, interrupts masked; on return it unmasks them and waits. `intid`: the timer that the guest was built for. */
export function start(intid: u32): void {
  timer = intid;
  probeHypervisor();
  feedWatchdog(); // arms it, so that a panic on the way to the first scan is noticed too
  const line = openLine();
  if (line !== null) line.text("plc: started, 1000 scans a second\r\n");
  sendLine();
  enableInterruptController(timer);
  startProcess();
  startProgram();
  openChannel();
  openValues();
  startScans();
  startTimer(timer);
}

/** From vectors.S, at every IRQ. */
export function irq(): void {
  const time = now();
  const intid = acknowledge();
  if (intid >= INTID_SPECIAL_FIRST) return; // the interrupt was withdrawn: nothing to end
  if (intid == timer) {
    beginScan(time);
    report();
    endScan(); // moves the deadline on, which also lets the timer's level fall before the end of interrupt
  }
  endOfInterrupt(intid);
}

/** From vectors.S, once, on a stack of its own, at an exception that nobody expects. */
export function panic(esr: u64, elr: u64, far: u64): void {
  const line = seizeLine();
  line.text("plc: panic esr=0x");
  line.hex(esr);
  line.text(" elr=0x");
  line.hex(elr);
  line.text(" far=0x");
  line.hex(far);
  line.text("\r\n");
  sendLine();
}
