// CTU, the up-counter of IEC 61131-3 (2.5.2.3.3): CV counts rising edges of CU; R sets it to 0 and comes first; Q is
// CV >= PV. CV stops at its largest value instead of wrapping.

@unmanaged
export class UpCounter {
  value: u32;
  output: bool;
  private previous: bool;

  update(count: bool, reset: bool, preset: u32): void {
    if (reset) this.value = 0;
    else if (count && !this.previous && this.value < u32.MAX_VALUE) this.value++;
    this.previous = count;
    this.output = this.value >= preset;
  }
}
