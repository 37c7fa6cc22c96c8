// The user program: what the PLC does in a scan between reading inputs and writing outputs.
// A part that has lain at the light barrier for PART_DELAY_MS (TON) counts (CTU) and has the furnace heated for it (PID)
// until it leaves; a full batch starts the count anew with the next part.
import { ProcessImage } from "../../channel/processImage";
import { INPUT_PART_PRESENT } from "../process";
import { UpCounter } from "./counter";
import { PidController } from "./pid";
import { OnDelayTimer } from "./timer";

export const OUTPUT_PART_ACCEPTED: u32 = 1 << 0;
export const OUTPUT_BATCH_FULL: u32 = 1 << 1;

const PART_DELAY_MS: u32 = 500;
const BATCH: u32 = 10;
const SETPOINT_WORKING: i32 = 60000; // thousandths of a degree Celsius; until the peer wants another
const SETPOINT_IDLE: i32 = 40000;
/** What the furnace can do. */
const SETPOINT_MINIMUM: i32 = 20000;
const SETPOINT_MAXIMUM: i32 = 90000;

const GAIN: i32 = 4000; // 4 % a kelvin
const INTEGRAL_GAIN: i32 = 2500; // 2.5 % a kelvin and second
const DERIVATIVE_GAIN: i32 = 100; // 0.1 % for a kelvin a second
const ACTUATOR_MAXIMUM: i32 = 100000; // 100 %

const delay = changetype<OnDelayTimer>(memory.data(offsetof<OnDelayTimer>(), 8));
const parts = changetype<UpCounter>(memory.data(offsetof<UpCounter>(), 8));
const furnace = changetype<PidController>(memory.data(offsetof<PidController>(), 8));

let working: i32 = SETPOINT_WORKING;

export function startProgram(): void {
  furnace.gain = GAIN;
  furnace.integralGain = INTEGRAL_GAIN;
  furnace.derivativeGain = DERIVATIVE_GAIN;
  furnace.outputMinimum = 0;
  furnace.outputMaximum = ACTUATOR_MAXIMUM;
  furnace.reset();
}

/** The furnace's setpoint while there is a part, from this scan on. Gives back whether it can be that. */
export function setWorkingSetpoint(value: i32): bool {
  if (value < SETPOINT_MINIMUM || value > SETPOINT_MAXIMUM) return false;
  working = value;
  return true;
}

/** One scan, `passed` ms after the last one: inputs of `image` → its outputs. */
export function runProgram(image: ProcessImage, passed: u32): void {
  delay.update((image.inputs & INPUT_PART_PRESENT) != 0, PART_DELAY_MS, passed);
  parts.update(delay.output, parts.output && !delay.output, BATCH);

  image.setpoint = delay.output ? working : SETPOINT_IDLE;
  image.actuator = furnace.update(image.setpoint, image.measured, passed);
  image.outputs = (delay.output ? OUTPUT_PART_ACCEPTED : 0) | (parts.output ? OUTPUT_BATCH_FULL : 0);
  image.counter = parts.value;
  image.timer = delay.elapsed;
}
