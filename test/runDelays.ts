// How long this process, all that it has started, and what these have started, had to wait for a CPU: the second number in
// /proc/<pid>/task/<tid>/schedstat, in ns (Linux, Documentation/scheduler/sched-stats.rst).
import { readdirSync, readFileSync } from "node:fs";

const NS_PER_MS = 1_000_000;

/** By thread, in ms. */
export function runDelays(): Map<string, number> {
  const delays = new Map<string, number>();
  for (const process of withDescendants(String(globalThis.process.pid))) {
    for (const thread of read(() => readdirSync(`/proc/${process}/task`)) ?? []) {
      const [, delay] = (contents(`/proc/${process}/task/${thread}/schedstat`) ?? "").split(" ");
      if (delay !== undefined) delays.set(thread, Number(delay) / NS_PER_MS);
    }
  }
  return delays;
}

function withDescendants(root: string): Set<string> {
  const children = new Map<string, string[]>();
  for (const process of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    // pid (name) state ppid …, and a name may have anything in it, brackets too (proc(5)).
    const [, parent] = (contents(`/proc/${process}/stat`) ?? "").replace(/^.*\) /s, "").split(" ");
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), process]);
  }
  const found = new Set([root]);
  for (const process of found) for (const child of children.get(process) ?? []) found.add(child);
  return found;
}

const contents = (file: string): string | undefined => read(() => readFileSync(file, "utf8"));

/** undefined: that process or thread has ended meanwhile. */
function read<T>(from: () => T): T | undefined {
  try {
    return from();
  } catch {
    return undefined;
  }
}
