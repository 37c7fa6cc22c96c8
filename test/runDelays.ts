// How long this process, all that it has started, and what these have started, had to wait for a CPU.
import { readdirSync } from "node:fs";
import { contents, type Delays, threadDelays } from "../tools/run/threadDelays.ts";

export const runDelays = (): Delays => threadDelays(withDescendants(String(process.pid)));

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
