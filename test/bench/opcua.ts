// What the OPC UA server costs, by itself: node test/bench/opcua.ts [--encrypted] (Basic256Sha256, SignAndEncrypt, user names).
// `npm run bench:bridge` has it beside the others.
import { ITEMS, PERIOD_MS, SESSIONS } from "./opcua/load.ts";
import { measure } from "./opcua/measure.ts";

const encrypted = process.argv.includes("--encrypted");
const { cpu, rss, idle, notifications, p50, p99 } = await measure(encrypted);
console.log(
  `${SESSIONS} sessions x ${ITEMS} items x ${1000 / PERIOD_MS} Hz, 10 % changing, ` +
    `${encrypted ? "encrypted" : "without encryption"}:`,
);
console.log(`  ${cpu.toFixed(3)} of a core, RSS ${rss.toFixed(0)} MB (idle ${idle.toFixed(0)} MB)`);
console.log(
  `  ${notifications.toFixed(0)} notifications/s of ${(SESSIONS * ITEMS * 1000) / PERIOD_MS / 10}; ` +
    `scan to client p50 ${p50} ms, p99 ${p99} ms`,
);
