// What the guest knows about its own timing: minimum, average, maximum and a histogram of a series of times in ns, in
// integers. Since the start of the guest's life; who calls `record` decides what is left out (scan.ts, warm-up).
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
  nominal: u64; // what the histogram counts the distance from

  private bucket(index: u32): usize {
    return changetype<usize>(this) + offsetof<Statistics>() + (<usize>index << 2);
  }

  record(value: u64): void {
    this.minimum = this.count == 0 ? value : min(this.minimum, value);
    this.maximum = max(this.maximum, value);
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
