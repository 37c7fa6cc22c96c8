// What holds of the partitions `injected` and `direct`, each with the PLC guest, on whatever board they run.
import { expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { allPassed } from "../../tools/run/checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import type { BootedSystem } from "./bootedSystem.ts";
import { coreHash } from "./coreHash.ts";

const PAIR = ["injected", "direct"];

/** Tests of it; `booted` and `health` are asked when they run. */
export function testPlcPair(booted: () => BootedSystem, health: () => Check[]): void {
  const scans = (name: string): bigint => booted().partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;

  test("the core is the one that was built, as on every board", () => {
    expect(booted().coreHash).toBe(coreHash());
  });

  test("both PLC guests scan, the direct one without any exit", async () => {
    const system = booted();
    const { sinceReady } = system.partition("direct");
    await system.until("1000 scans of both", () => PAIR.every((name) => scans(name) > 1000n));
    await system.until("exits of the injected one", () => (system.partition("injected").sinceReady.exits ?? 0) > 0);
    await system.until("a second of the direct one", () => sinceReady.time > 1_000_000_000n);
    expect(sinceReady.exits).toBe(0);
  });

  test("commands come by the UART: both stop, and start again", async () => {
    const system = booted();
    for (const name of PAIR) {
      await system.session.link.command(system.index(name), "restart");
      await system.until(`${name} restarted`, () => system.partition(name).telemetry?.restarts === 1);
    }
    const seen = scans("direct") + 100n;
    await system.until("scans", () => scans("direct") > seen);
  });

  test("nothing of it has failed", async () => {
    await booted().until("every check", () => health().every(({ verdict }) => verdict !== "pending"));
    expect(health().filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(allPassed(health())).toBe(true);
  });
}
