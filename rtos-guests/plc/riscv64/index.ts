// The PLC guest in supervisor mode of RISC-V: asc's entry file; start.S calls its four exports.
import { learnFrequency, now } from "./clock";
import { seizeLine, sendLine } from "../console";
import { announce, prepare, scan } from "../plc";
import { startTimer } from "../timer";

/** From start.S, before there are page tables. `tree`: a device tree's address, or 0. */
export function learn(tree: u64): void {
  learnFrequency(tree);
}

/** From start.S, interrupts masked; on return it unmasks them and waits. */
export function start(): void {
  announce();
  prepare();
  startTimer();
}

/** From start.S, at the timer's interrupt, which is the only one that is on. */
export function irq(): void {
  scan(now());
}

/** From start.S, once, on a stack of its own, at an exception that nobody expects. */
export function panic(cause: u64, epc: u64, value: u64): void {
  const line = seizeLine();
  line.text("plc: panic scause=0x");
  line.hex(cause);
  line.text(" sepc=0x");
  line.hex(epc);
  line.text(" stval=0x");
  line.hex(value);
  line.text("\r\n");
  sendLine();
}
