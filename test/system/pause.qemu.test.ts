// Pausing a partition: its vCPUs are held where they are, and go on from there; its neighbour does not notice.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import type { CommandName } from "../../industrial/link/commands.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { BOARDS, INTERRUPTS, twoPlcs } from "./systems.ts";

const WATCHDOG = "2s";
/** More than that. */
const PAUSE_NS = 3_000_000_000n;
const WARM_UP = 100n;

const scans = (partition: PartitionRecord): bigint => partition.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
const time = (partition: PartitionRecord): bigint => partition.telemetry?.time ?? 0n;
const state = (partition: PartitionRecord): string | undefined => partition.telemetry?.state;

describe.each(BOARDS)("%s", (board) => {
  describe.each(INTERRUPTS)("interrupts: %s", (interrupts) => {
    let system: BootedSystem;
    let first: PartitionRecord;
    let second: PartitionRecord;
    beforeEach(async () => {
      system = await BootedSystem.boot("pause", twoPlcs({ board, interrupts, onFailure: "restart", watchdog: WATCHDOG }));
      first = system.partition("first");
      second = system.partition("second");
      await system.until("scans of both", () => scans(first) > WARM_UP && scans(second) > WARM_UP);
      await system.until("exits since it was ready", () => second.sinceReady.exits !== undefined);
    });
    afterEach(async () => system?.stop());

    const command = (name: CommandName): Promise<void> => system.session.link.command(first.index, name);

    /** Waits so long by the board's clock, which goes on for a paused partition too. */
    async function wait(nanoseconds: bigint): Promise<void> {
      const begin = time(first);
      await system.until(`${nanoseconds} ns`, () => time(first) > begin + nanoseconds);
    }

    async function pause(): Promise<void> {
      await command("pause");
      await system.until("the pause", () => state(first) === "paused");
    }

    test("it stands still, longer than its watchdog allows, and goes on in the same life", async () => {
      const neighbour = { scans: scans(second), held: second.held };
      await pause();
      const paused = { scans: scans(first), held: first.held };
      await wait(PAUSE_NS);
      expect(state(first)).toBe("paused");
      expect(scans(first)).toBe(paused.scans);
      // vCPUs' frames follow the partitions', later on a busy host.
      await system.until("the pause in held", () => first.held - paused.held > (PAUSE_NS * 9n) / 10n);

      await command("resume");
      await system.until("scans going on", () => scans(first) > paused.scans + WARM_UP);
      await wait(PAUSE_NS); // no watchdog comes too late
      expect(state(first)).toBe("running");
      expect(first.telemetry?.restarts).toBe(0);
      expect(first.telemetry?.watchdogExpired).toBe(0);
      const { held } = first;
      await wait(PAUSE_NS / 2n);
      expect(first.held).toBe(held);

      expect(scans(second)).toBeGreaterThan(neighbour.scans);
      expect(second.held).toBe(neighbour.held);
      if (interrupts === "direct") expect(second.sinceReady.exits).toBe(0);
    });

    test("a paused partition is stopped, started, restarted; what does not fit its state is refused", async () => {
      await expect(command("resume")).rejects.toThrow(/resume needs a paused one/);
      await pause();
      await expect(command("pause")).rejects.toThrow(/pause needs a running partition/);
      await expect(command("start")).rejects.toThrow(/start needs a stopped partition/);
      await command("restart");
      await system.until(
        "its second life",
        () => first.telemetry?.restarts === 1 && state(first) === "running" && scans(first) > WARM_UP,
      );

      await pause();
      await command("stop");
      await system.until("its end", () => state(first) === "off");
      await expect(command("pause")).rejects.toThrow(/pause needs a running partition/);
      await expect(command("resume")).rejects.toThrow(/resume needs a paused one/);
      await command("start");
      await system.until("its third life", () => state(first) === "running" && scans(first) > WARM_UP);
      expect(second.held).toBe(0n);
      if (interrupts === "direct") expect(second.sinceReady.exits).toBe(0);
    });
  });
});
