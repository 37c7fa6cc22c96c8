// Ticks of the system counter, and nanoseconds. The core never reads a clock: arch gives it the time with the question.

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
export const MICROSECONDS_PER_SECOND: u32 = 1_000_000;

let frequency: u64 = NANOSECONDS_PER_SECOND;
let origin: u64 = 0;

/** The tick that counts as time 0. */
export function setOrigin(now: u64): void { origin = now; }

/** Counter frequency in Hz. 0: the ISA refuses the board before anybody asks. */
export function setFrequency(hertz: u64): void { frequency = hertz; }

/** Length of a time in ticks as nanoseconds. In two parts, so that it does not overflow in 584 years. */
export function duration(ticks: u64): u64 {
  return (ticks / frequency) * NANOSECONDS_PER_SECOND + ((ticks % frequency) * NANOSECONDS_PER_SECOND) / frequency;
}

/** A tick as nanoseconds since the hypervisor started; no tick is asked about from before. */
export function nanoseconds(tick: u64): u64 { return duration(tick - origin); }

/** Microseconds (up to 2^32) as ticks. */
export function ticks(microseconds: u32): u64 { return (<u64>microseconds * frequency) / <u64>MICROSECONDS_PER_SECOND; }
