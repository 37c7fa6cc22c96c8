// What the guest knows about its own timing: minimum, average, maximum and a histogram of a series of times in ns, in
// integers, since the start of the guest's life; the last one, and the largest of late. What is left out (scan.ts, warm-up) is
// not recorded.
import { bound } from "../../build/generated/cpu";
import { channelWrite32, cleanLine } from "../../build/generated/channel";
import { HISTOGRAM_BUCKETS, HISTOGRAM_BYTES } from "../channel/timing";
import { CACHE_LINE } from "./map";

const BITS: u32 = 64; // of a u64

/** The buckets follow the fields directly in memory; make one over `memory.data(STATISTICS_BYTES, 8)`. */
@unmanaged
export class Statistics {
  count: u64;
  sum: u64; // 2^64 ns are 584 years
  minimum: u64;
  maximum: u64;
  last: u64;
  interval: u64; // the largest since `turn`
  intervalBefore: u64; // the one of the interval before
  nominal: u64; // what the histogram counts the distance from

  private bucket(index: u32): usize {
    return changetype<usize>(this) + offsetof<Statistics>() + (<usize>index << 2);
  }

  record(value: u64): void {
    this.minimum = this.count == 0 ? value : min(this.minimum, value);
    this.maximum = max(this.maximum, value);
    this.last = value;
    this.interval = max(this.interval, value);
    this.count++;
    this.sum += value;
    const distance = value > this.nominal ? value - this.nominal : this.nominal - value;
    const bucket = this.bucket(min(BITS - <u32>clz<u64>(distance), HISTOGRAM_BUCKETS - 1));
    store<u32>(bucket, load<u32>(bucket) + 1);
  }

  /** 0 while nothing was recorded. */
  get average(): u64 {
    return this.count == 0 ? 0 : this.sum / this.count;
  }

  /** The largest since the last call but one of `turn`. */
  get recent(): u64 {
    return max(this.interval, this.intervalBefore);
  }

  /** Once every interval: it begins anew, and the one before it is forgotten. */
  turn(): void {
    this.intervalBefore = this.interval;
    this.interval = 0;
  }

  /** Copies the buckets to a row in the channel (rtos-guests/channel/timing.ts). */
  publishHistogram(row: u64): void {
    for (let i: u32 = 0; i < HISTOGRAM_BUCKETS; i++) {
      bound(i, HISTOGRAM_BUCKETS);
      channelWrite32(row + (<u64>i << 2), load<u32>(this.bucket(i)));
    }
    cleanLine(row);
    cleanLine(row + CACHE_LINE);
  }
}

export const STATISTICS_BYTES: i32 = offsetof<Statistics>() + HISTOGRAM_BYTES;
