// asc's entry file for the unit tests: the guest's own sources, with their functions exported one by one.
import { ProcessImage, readProcessImage, writeProcessImage } from "../../../rtos-guests/channel/processImage";
import { UpCounter } from "../../../rtos-guests/plc/logic/counter";
import { PidController } from "../../../rtos-guests/plc/logic/pid";
import { OnDelayTimer } from "../../../rtos-guests/plc/logic/timer";
import { Statistics, STATISTICS_BYTES } from "../../../rtos-guests/plc/statistics";
import { Line, LINE_BYTES } from "../../../rtos-guests/text/line";

const onDelay = changetype<OnDelayTimer>(memory.data(offsetof<OnDelayTimer>(), 8));
export function timerUpdate(input: bool, preset: u32, passed: u32): bool {
  onDelay.update(input, preset, passed);
  return onDelay.output;
}
export function timerElapsed(): u32 {
  return onDelay.elapsed;
}

const counter = changetype<UpCounter>(memory.data(offsetof<UpCounter>(), 8));
export function counterUpdate(count: bool, reset: bool, preset: u32): bool {
  counter.update(count, reset, preset);
  return counter.output;
}
export function counterValue(): u32 {
  return counter.value;
}
export function counterSet(value: u32): void {
  counter.value = value;
}

const pid = changetype<PidController>(memory.data(offsetof<PidController>(), 8));
export function pidConfigure(gain: i32, integralGain: i32, derivativeGain: i32, minimum: i32, maximum: i32): void {
  pid.gain = gain;
  pid.integralGain = integralGain;
  pid.derivativeGain = derivativeGain;
  pid.outputMinimum = minimum;
  pid.outputMaximum = maximum;
  pid.reset();
}
export function pidUpdate(setpoint: i32, measured: i32, passed: u32): i32 {
  return pid.update(setpoint, measured, passed);
}

const statistics = changetype<Statistics>(memory.data(STATISTICS_BYTES, 8));
export function statisticsNominal(value: u64): void {
  statistics.nominal = value;
}
export function statisticsRecord(value: u64): void {
  statistics.record(value);
}
export function statisticsMinimum(): u64 {
  return statistics.minimum;
}
export function statisticsAverage(): u64 {
  return statistics.average;
}
export function statisticsMaximum(): u64 {
  return statistics.maximum;
}
export function statisticsPublish(row: u64): void {
  statistics.publishHistogram(row);
}

/** In the order of the class's fields. */
const image = changetype<ProcessImage>(memory.data(offsetof<ProcessImage>(), 8));
export function imageWrite(base: u64, sequence: u32, value: u32): u32 {
  image.scans = <u64>value << 32 | value;
  image.inputs = value;
  image.outputs = value;
  image.setpoint = value;
  image.measured = value;
  image.actuator = value;
  image.counter = value;
  image.timer = value;
  return writeProcessImage(base, image, sequence);
}
export function imageRead(base: u64): u32 {
  return readProcessImage(base, image);
}
/** Whether the image read last is one that imageWrite wrote, whole. */
export function imageIsWhole(): bool {
  const value = image.inputs;
  return (
    image.scans == (<u64>value << 32 | value) && image.outputs == value && image.setpoint == value && image.measured == value &&
    image.actuator == value && image.counter == value && image.timer == value
  );
}
export function imageValue(): u32 {
  return image.inputs;
}

const line = changetype<Line>(memory.data(LINE_BYTES, 8));
export function lineStart(): usize {
  return line.start;
}
export function lineLength(): u32 {
  return line.length;
}
export function lineClear(): void {
  line.length = 0;
}
export function lineText(): void {
  line.text("text ");
}
export function lineDecimal(value: u64, digits: u32): void {
  line.decimal(value, digits);
}
export function lineHex(value: u64): void {
  line.hex(value);
}
export function lineMilli(value: i32): void {
  line.milli(value);
}
