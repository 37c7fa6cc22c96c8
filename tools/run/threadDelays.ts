// How long threads had to wait for a CPU: the second number in /proc/<pid>/task/<tid>/schedstat, in ns (Linux,
// Documentation/scheduler/sched-stats.rst). A process that is held up says nothing by its silence.
import { readdirSync, readFileSync } from "node:fs";

/** By thread, milliseconds in which it could have run, and did not. */
export type Delays = ReadonlyMap<string, number>;

const NS_PER_MS = 1_000_000;

/** Of these processes' threads; of one that has ended, or of which nothing is told, none. */
export function threadDelays(processes: Iterable<number | string>): Delays {
  const delays = new Map<string, number>();
  for (const process of processes) {
    for (const thread of read(() => readdirSync(`/proc/${process}/task`)) ?? []) {
      const [, delay] = (contents(`/proc/${process}/task/${thread}/schedstat`) ?? "").split(" ");
      if (delay !== undefined) delays.set(thread, Number(delay) / NS_PER_MS);
    }
  }
  return delays;
}

/** Of threads that wait for each other, whichever was held up longest has held up all: by so many milliseconds. */
export const heldUp = (before: Delays, now: Delays): number =>
  [...now].reduce((most, [thread, total]) => Math.max(most, total - (before.get(thread) ?? 0)), 0);

export const contents = (file: string): string | undefined => read(() => readFileSync(file, "utf8"));

/** undefined: that process or thread has ended meanwhile. */
function read<T>(from: () => T): T | undefined {
  try {
    return from();
  } catch {
    return undefined;
  }
}
