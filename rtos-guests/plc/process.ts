// The process that this PLC controls. It is SIMULATED, in the guest itself: QEMU's virt machine has no field I/O. On a
// board with I/O, `readInputs` and `writeOutputs` are the two places that would touch it; nothing else knows.
//
// A furnace, and parts that pass it. A part lies before the light barrier for 3 s of every 4 s. The heater warms the
// furnace as a first-order lag: full power settles 80 K above ambient with a time constant of 2 s.
import { ProcessImage } from "../channel/processImage";

export const INPUT_PART_PRESENT: u32 = 1 << 0;
export const INPUT_HOT: u32 = 1 << 1; // furnace above HOT_LIMIT

const PART_CYCLE_MS: u64 = 4000;
const PART_PRESENT_MS: u64 = 3000;

const AMBIENT: i64 = 20000; // thousandths of a degree Celsius
const RISE_AT_FULL_POWER: i64 = 80000;
const FULL_POWER: i64 = 100000; // thousandths of a per cent
const TIME_CONSTANT_MS: i64 = 2000;
const HOT_LIMIT: i32 = 55000;
/** Fraction bits of the temperature: one ms moves it by less than a thousandth near the end. */
const FRACTION: i64 = 16;

let time: u64 = 0; // ms of simulated time
let temperature: i64 = 0;
let actuator: i64 = 0;

/** A cold furnace, and the first part just come. */
export function startProcess(): void {
  time = 0;
  temperature = AMBIENT << FRACTION;
  actuator = 0;
}

/** Lets `passed` ms go by with the actuator as it was last written, and reads the sensors. */
export function readInputs(image: ProcessImage, passed: u64): void {
  time += passed;
  const settled = (AMBIENT + RISE_AT_FULL_POWER * actuator / FULL_POWER) << FRACTION;
  // One Euler step; a pause longer than the time constant has settled, and must not overshoot.
  temperature += (settled - temperature) * min(<i64>passed, TIME_CONSTANT_MS) / TIME_CONSTANT_MS;

  image.measured = <i32>(temperature >> FRACTION);
  image.inputs =
    (time % PART_CYCLE_MS < PART_PRESENT_MS ? INPUT_PART_PRESENT : 0) | (image.measured > HOT_LIMIT ? INPUT_HOT : 0);
}

/** Hands the heater its power; the digital outputs drive nothing here, and are seen in the process image only. */
export function writeOutputs(image: ProcessImage): void {
  actuator = image.actuator;
}
