// TON, the on-delay timer of IEC 61131-3 (2.5.2.3.4): Q follows IN when IN has been true for PT; ET counts up to PT while
// IN is true and is 0 while it is false.

@unmanaged
export class OnDelayTimer {
  /** ms since IN became true, at most PT. */
  elapsed: u32;
  output: bool;
  private running: bool;

  /** One scan, `passed` ms after the last one. ET starts from 0 in the scan that first sees IN true. */
  update(input: bool, preset: u32, passed: u32): void {
    if (!input) {
      this.elapsed = 0;
    } else if (this.running) {
      // not elapsed + passed: the sum must not wrap
      this.elapsed = passed < preset - min(this.elapsed, preset) ? this.elapsed + passed : preset;
    }
    this.running = input;
    this.output = input && this.elapsed >= preset;
  }
}
