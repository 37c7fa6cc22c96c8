// The endurance run by itself: node test/bridge/steady/main.ts MINUTES [--fast]: in real time, or as fast as it goes.
import { SCANS_PER_SECOND } from "./plant.ts";
import { endure, growth } from "./load.ts";

const FAST = 3000;
const [, , minutes = "60", how = ""] = process.argv;
const isReal = how !== "--fast";
const began = Date.now();
const { usage, scans, sessions, requests, entries } = await endure(
  Number(minutes),
  isReal,
  isReal ? SCANS_PER_SECOND : FAST,
  (line) => console.log(line),
);
console.log(
  `${scans} scans, ${sessions} OPC UA sessions, ${requests} Modbus requests, ${entries} entries in the audit log, ` +
    `in ${((Date.now() - began) / 1000).toFixed(0)} s`,
);
for (const first of [1, Math.floor(Number(minutes) / 2)]) {
  const shares = (["rss", "heap", "external", "descriptors"] as const).map(
    (of) => `${of} ${(100 * growth(usage, of, first)).toFixed(2)} %`,
  );
  console.log(`from minute ${first + 2} on: ${shares.join(", ")}`);
}
