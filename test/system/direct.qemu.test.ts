// Partitions with direct interrupts: in steady state the hypervisor is never entered, and yet they are stopped, started and
// restarted from another core, without their neighbour having a single exit for it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import type { PartitionRecord } from "../../industrial/live/monitor.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { guestImage } from "./guestImage.ts";
import { BOARDS, INTERRUPTS, twoPlcs } from "./systems.ts";

const STEADY_NS = 3_000_000_000n;
const WARM_UP = 100n;

const scans = (partition: PartitionRecord): bigint => partition.tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
const state = (partition: PartitionRecord): string | undefined => partition.telemetry?.state;

describe.each(BOARDS)("%s: a life that ends in a handler", (board) => {
  let folder: string;
  let system: BootedSystem | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "axv-unended-"));
  });
  afterEach(async () => {
    await system?.stop();
    rmSync(folder, { recursive: true });
  });

  test.each(INTERRUPTS)("its interrupt comes again in the next one, and in each: %s", async (interrupts) => {
    const image = guestImage(folder, "unended", board);
    const yaml = `board: ${board}
partitions:
  guest: { guest: plc, image: ${image}, cpus: [3], memory: 16M, interrupts: ${interrupts} }
`;
    system = await BootedSystem.boot("unended", yaml);
    const guest = system.partition("guest");
    await system.until("a fourth life", () => (guest.telemetry?.restarts ?? 0) >= 3);
  });
});

describe.each(BOARDS)("%s", (board) => {
  let system: BootedSystem;
  let first: PartitionRecord;
  let second: PartitionRecord;
  beforeEach(async () => {
    system = await BootedSystem.boot("direct", twoPlcs({ board, interrupts: "direct", onFailure: "restart" }));
    first = system.partition("first");
    second = system.partition("second");
    await system.until("both being ready", () => first.sinceReady.exits !== undefined && second.sinceReady.exits !== undefined);
  });
  afterEach(async () => system?.stop());

  /** Both have gone on for a while without an exit. */
  async function bothSteady(): Promise<void> {
    const steady = ({ sinceReady }: PartitionRecord): boolean => sinceReady.time > STEADY_NS;
    await system.until("both going on for a while", () => [first, second].every(steady));
    for (const { name, sinceReady } of [first, second]) expect(sinceReady.exits, `exits of ${name}`).toBe(0);
  }

  test("no exit at all while scans, tags, watchdog, doorbells and console go on", async () => {
    await bothSteady();
    for (const partition of [first, second]) {
      expect(scans(partition)).toBeGreaterThan(1000n);
      expect(partition.held).toBe(0n);
      expect(system.said(partition.name).some((line) => /scans=\d+/.test(line))).toBe(true);
    }
    expect(first.telemetry?.watchdogExpired).toBe(0);
  });

  test("restart, stop and start from another core", async () => {
    const { link } = system.session;
    await link.command(first.index, "restart");
    await system.until("its second life", () => first.telemetry?.restarts === 1 && scans(first) > WARM_UP);
    await link.command(first.index, "stop");
    await system.until("its end", () => state(first) === "off");
    const stopped = first.exits;
    const neighbour = scans(second);
    await system.until("the neighbour going on alone", () => scans(second) > neighbour + 2000n);
    expect(first.exits).toEqual(stopped);
    await link.command(first.index, "start");
    await system.until("its third life", () => state(first) === "running" && scans(first) > WARM_UP);
    await bothSteady();
    expect(second.telemetry?.restarts).toBe(0);
    expect(second.held).toBe(0n);
  });
});
