// The bridge's OPC UA server under load, against what it may cost.
import type { BridgeRow } from "../modbus/rows.ts";
import { ITEMS, PERIOD_MS, SESSIONS } from "./load.ts";
import { measure } from "./measure.ts";

const LOAD = `OPC UA, ${SESSIONS} sessions x ${ITEMS} items at ${1000 / PERIOD_MS} Hz, 10 % changing`;
/** Of a core, and megabytes. */
const CPU_GOAL = 0.35;
const MEMORY_GOAL = 300;

export async function opcuaRows(): Promise<BridgeRow[]> {
  const plain = await measure(false);
  const encrypted = await measure(true);
  const beside = (cpu: string): string => `encrypted ${cpu}`;
  return [
    {
      title: `${LOAD}, processor`,
      ours: `${plain.cpu.toFixed(2)} of a core`,
      theirs: beside(`${encrypted.cpu.toFixed(2)} of a core`),
      value: plain.cpu,
      goal: `≤ ${CPU_GOAL}`,
      isReached: plain.cpu <= CPU_GOAL,
    },
    {
      title: `${LOAD}, memory`,
      ours: `${Math.round(plain.rss)} MB`,
      theirs: beside(`${Math.round(encrypted.rss)} MB`),
      value: plain.rss,
      goal: `≤ ${MEMORY_GOAL} MB`,
      isReached: plain.rss <= MEMORY_GOAL,
    },
  ];
}
