// Loaded into the measured bridge before anything else: says what it uses when its parent asks.
// (node --expose-gc --import inside.ts …)
import { scrypt } from "node:crypto";
import { readdirSync } from "node:fs";
import type { Usage } from "./plant.ts";

// A thread of libuv's pool keeps the 16 MiB of a password (scrypt), and which of them gets a login is chance: each has some now.
const THREADS = 4;
const PASSWORDS = 8 * THREADS;
for (let n = 0; n < PASSWORDS; n++) scrypt("", "", 32, { N: 16384, r: 8, p: 1 }, () => {});

const collect: unknown = Reflect.get(globalThis, "gc");
process.on("message", () => {
  if (typeof collect === "function") for (let k = 0; k < 2; k++) collect(); // what the first one ends the second one takes away
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ rss, heap, external, descriptors: readdirSync("/proc/self/fd").length, cpu: user + system } satisfies Usage);
});
process.channel?.unref();
