// The PLC guest under the hypervisor: off the virtual timer and off the physical one, injected and direct, on GICv3 and GICv2. By
// its mailbox it does all that it does without an exit.
import { afterEach, describe, expect, test } from "vitest";
import { EXIT_TIMER } from "../../core/abi.ts";
import { PLC_TAG_OVERRUNS, PLC_TAG_SCANS } from "../../rtos-guests/plc/abi.ts";
import { buildProgram } from "../../tools/build/index.ts";
import { PLC_PHYSICAL_TIMER } from "../../tools/build/programs.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { BootedSystem } from "../system/bootedSystem.ts";
import { BOARDS, INTERRUPTS, type Interrupts } from "../system/systems.ts";

let system: BootedSystem | undefined;
afterEach(async () => system?.stop());

const yaml = (board: string, interrupts: Interrupts, physical: string): string => `
board: ${board}
partitions:
  virtual:
    guest: plc
    cpus: [1]
    memory: 16M
    interrupts: ${interrupts}
    watchdog: 5s
  physical:
    guest: plc
    image: ${physical}
    cpus: [3]
    memory: 16M
    interrupts: ${interrupts}
    watchdog: 5s
channels:
  process-image: { between: [virtual, physical] }
`;

const scans = (partition: PartitionRecord): number => Number(partition.tag(PLC_TAG_SCANS) ?? 0n);
/** ms that it has run; one each is a scan, or an overrun. */
const periods = (partition: PartitionRecord): number => scans(partition) + Number(partition.tag(PLC_TAG_OVERRUNS) ?? 0n);
const PERIOD_NS = 1_000_000;

describe.each(BOARDS)("%s", (board) => {
  test.each(INTERRUPTS)("%s", async (interrupts) => {
    const { binary } = await buildProgram(PLC_PHYSICAL_TIMER);
    system = await BootedSystem.boot("timers", yaml(board, interrupts, binary));
    const both = ["virtual", "physical"].map((name) => (system as BootedSystem).partition(name));
    await system.until("both at work", () => both.every((one) => scans(one) > 500 && one.sinceReady.exits !== undefined));
    const before = both.map(({ exits }) => exits);
    const scansBefore = both.map(scans);
    await system.until("both going on", () => both.every((one, n) => scans(one) > (scansBefore[n] ?? 0) + 2000));
    for (const [n, partition] of both.entries()) {
      // Whatever else a scan does, its timer's interrupt is the only cause of an exit, and with direct interrupts it is none.
      const exits = partition.exits.map((count, cause) => count - (before[n]?.[cause] ?? 0));
      const timer = exits.splice(EXIT_TIMER, 1)[0] ?? 0;
      expect(exits.every((count) => count === 0), `${partition.name}: ${partition.exits.join()}`).toBe(true);
      if (interrupts === "direct") expect(timer).toBe(0);
      else expect(timer).toBeGreaterThan(1000);
      // Its clock is the board's.
      const uptime = Number(partition.telemetry?.uptime ?? 0n) / PERIOD_NS;
      expect(Math.abs(periods(partition) - uptime)).toBeLessThan(Math.max(200, uptime / 10));
      expect(partition.telemetry?.watchdogExpired).toBe(0);
      expect(partition.telemetry?.doorbells).toBeGreaterThan(10);
      expect(system.said(partition.name).some((line) => /^plc: scans=\d+ /.test(line))).toBe(true);
    }
  });
});
