// Loaded into the measured bridge before anything else: says what it uses when its parent asks.
// (node --expose-gc --import inside.ts …)
import { readdirSync } from "node:fs";
import type { Usage } from "./plant.ts";

const collect: unknown = Reflect.get(globalThis, "gc");
process.on("message", () => {
  if (typeof collect === "function") for (let k = 0; k < 2; k++) collect(); // what the first one ends the second one takes away
  const { rss, heapUsed: heap, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ rss, heap, external, descriptors: readdirSync("/proc/self/fd").length, cpu: user + system } satisfies Usage);
});
process.channel?.unref();
