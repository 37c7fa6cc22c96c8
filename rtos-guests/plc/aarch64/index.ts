// The PLC guest at EL1 of AArch64: asc's entry file; start.S and vectors.S call its three exports.
import { chooseTimer, now } from "./clock";
import { seizeLine, sendLine } from "../console";
import { acknowledge, enableInterruptController, endOfInterrupt, INTID_SPECIAL_FIRST } from "./gic";
import { announce, prepare, scan } from "../plc";
import { startTimer } from "../timer";

let timer: u32 = 0;

/** From start.S, interrupts masked; on return it unmasks them and waits. `intid`: the timer that the guest was built for. */
export function start(intid: u32): void {
  timer = intid;
  announce();
  enableInterruptController(timer);
  prepare();
  chooseTimer(timer);
  startTimer();
}

/** From vectors.S, at every IRQ. */
export function irq(): void {
  const time = now();
  const intid = acknowledge();
  if (intid >= INTID_SPECIAL_FIRST) return; // the interrupt was withdrawn: nothing to end
  if (intid == timer) scan(time);
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
