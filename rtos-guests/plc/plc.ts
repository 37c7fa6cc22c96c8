// A bare-metal PLC in AssemblyScript: a 1 kHz scan off its CPU's timer that measures itself. This is what it does whichever ISA
// it is built for; asc's entry file is <isa>/index.ts. Read on: scan.ts, timer.ts, logic/program.ts, reports.ts.
//
// After its start the guest only ever runs in its interrupt handler: one scan an interrupt. Any other exception is the guest's
// end: it says so, feeds its watchdog no more and waits for ever, so that the hypervisor's health mechanism, which has to work
// for a hung guest too, is what brings the partition back.
import { openChannel } from "./channel";
import { openLine, sendLine } from "./console";
import { feedWatchdog, probeHypervisor } from "./services";
import { startProgram } from "./logic/program";
import { startProcess } from "./process";
import { report } from "./reports";
import { beginScan, endScan, startScans } from "./scan";
import { openValues } from "./values";

/** First of all. */
export function announce(): void {
  probeHypervisor();
  feedWatchdog(); // arms it, so that a panic on the way to the first scan is noticed too
  const line = openLine();
  if (line !== null) line.text("plc: started, 1000 scans a second\r\n");
  sendLine();
}

/** Then, when its interrupt can come; startTimer() begins it. */
export function prepare(): void {
  startProcess();
  startProgram();
  openChannel();
  openValues();
  startScans();
}

/** At the timer's interrupt; `time`: now() at the handler's begin. */
export function scan(time: u64): void {
  beginScan(time);
  report();
  endScan(); // moves the deadline on, which also lets the timer's level fall
}
