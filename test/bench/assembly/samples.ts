// The samples of one path: how often each count of cycles came. A path takes few different counts, so they stand in a list.
import { bound } from "../../../build/generated/cpu";
import { mmioRead32 } from "../../../build/generated/guest";
import { fail, line, print } from "./print";

/** In the image's header (start.S). */
const SAMPLES_WANTED: u64 = 0x40000020;

const DIFFERENT: u32 = 256;
const ENTRY_BYTES: u32 = 8;
/** Of one printed line, so that the longest fit. */
const ENTRIES_A_LINE: u32 = 8;

// Entry: cycles u32, how often u32.
const entries = memory.data(DIFFERENT * ENTRY_BYTES, 8);
let used: u32 = 0;

@inline function entry(n: u32): usize {
  return entries + n * ENTRY_BYTES;
}

/** The image asks for fewer samples than usual: a run that is watched closely, and nobody's neighbour. */
export function isBrief(): bool {
  return mmioRead32(SAMPLES_WANTED) != 0;
}

/** How many samples to take: `usual`, or fewer if the image says so. */
export function samplesWanted(usual: u32): u32 {
  const wanted = mmioRead32(SAMPLES_WANTED);
  return wanted == 0 ? usual : min(wanted, usual);
}

export function forgetSamples(): void {
  used = 0;
}

export function addSample(cycles: u64): void {
  for (let n: u32 = 0; n < used; n++) {
    bound(n, DIFFERENT);
    if (load<u32>(entry(n)) != <u32>cycles) continue;
    store<u32>(entry(n), load<u32>(entry(n), 4) + 1, 4);
    return;
  }
  if (used == DIFFERENT) return fail(cycles, used, 0);
  store<u32>(entry(used), <u32>cycles);
  store<u32>(entry(used), 1, 4);
  used++;
}

/** `bench: timer 55x9990 56x10`, on as many lines as it takes. */
export function printSamples(name: string): void {
  for (let n: u32 = 0; n < used; n++) {
    bound(n, DIFFERENT);
    if (n % ENTRIES_A_LINE == 0) {
      line.text("bench: ");
      line.text(name);
    }
    line.text(" ");
    line.decimal(load<u32>(entry(n)));
    line.text("x");
    line.decimal(load<u32>(entry(n), 4));
    if (n % ENTRIES_A_LINE == ENTRIES_A_LINE - 1 || n == used - 1) print();
  }
}
