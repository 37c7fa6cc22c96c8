// A PID controller in fixed-point integers: values in thousandths (mK, m%), gains in thousandths, time in ms.
// Proportional on the error, integral by rectangles and clamped to the output's range (no wind-up), derivative on the
// measured value (no kick when the setpoint steps).

/** Thousandths in one. */
const MILLI: i64 = 1000;
const MS_PER_SECOND: i64 = 1000;
/** The integral is kept in milli · milli-gain · ms, so that even one thousandth of error for one ms is not lost. */
const INTEGRAL_UNIT: i64 = MILLI * MS_PER_SECOND;
/** A gap between two scans counts at most this long: with gains up to 100 no product then reaches 2^63, whatever the values. */
const PASSED_MAX: u32 = 1000;

@unmanaged
export class PidController {
  gain: i32; // Kp, thousandths; this and the other gains at most 100000
  integralGain: i32; // Ki, thousandths per second
  derivativeGain: i32; // Kd, thousandths · seconds
  outputMinimum: i32;
  outputMaximum: i32;
  private integral: i64;
  private previous: i32; // measured value of the last scan
  private primed: bool; // there was a last scan

  /** Forgets the past: the next update starts with no integral and no slope. */
  reset(): void {
    this.integral = 0;
    this.primed = false;
  }

  /** One scan, `passed` > 0 ms after the last one. Gives back the actuator's value. */
  update(setpoint: i32, measured: i32, passed: u32): i32 {
    const error = <i64>setpoint - <i64>measured;
    this.integral = clamp(
      this.integral + error * <i64>this.integralGain * <i64>min(passed, PASSED_MAX),
      <i64>this.outputMinimum * INTEGRAL_UNIT,
      <i64>this.outputMaximum * INTEGRAL_UNIT,
    );
    const slope = this.primed ? (<i64>measured - <i64>this.previous) * MS_PER_SECOND / <i64>passed : 0; // milli a second
    this.previous = measured;
    this.primed = true;
    const output = error * <i64>this.gain / MILLI + this.integral / INTEGRAL_UNIT - slope * <i64>this.derivativeGain / MILLI;
    return <i32>clamp(output, <i64>this.outputMinimum, <i64>this.outputMaximum);
  }
}

function clamp(value: i64, minimum: i64, maximum: i64): i64 {
  return min(max(value, minimum), maximum);
}
