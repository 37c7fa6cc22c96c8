// Two PLC guests on QEMU's i.MX 8M Plus EVK, injected and direct: a GICv3 and RAM elsewhere than on `virt`, i.MX UARTs, a counter
// of 8 MHz, no device tree from firmware. The core is the same, byte for byte. QEMU has the machine from version 10 on; AXV_QEMU
// is the path of one.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { allPassed, judgeHealth } from "../../tools/run/checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import { findQemu } from "../../tools/run/qemu.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { coreHash } from "./coreHash.ts";

const isThere = /^imx8mp-evk\s/m.test(execFileSync(findQemu(), ["-M", "help"], { encoding: "utf8" }));

const YAML = `
board: imx8mp-evk
partitions:
  injected: { guest: plc, cpus: [1], memory: 16M, watchdog: 1s }
  direct: { guest: plc, cpus: [3], memory: 16M, interrupts: direct, watchdog: 1s }
channels:
  bell: { between: [injected, direct] }
`;

test.skipIf(isThere)(
  "QEMU here does not know imx8mp-evk, as 10.0 does: it is not tried (AXV_QEMU=/path/to/qemu-system-aarch64)",
  (context) => context.skip(),
);

describe.runIf(isThere)("two PLC guests, injected and direct, on imx8mp-evk", () => {
  let system: BootedSystem;
  let health: () => Check[];
  beforeAll(async () => {
    system = await BootedSystem.boot("imx8mp", YAML);
    health = judgeHealth(system.session);
  });
  afterAll(async () => system?.stop());

  test("the core is the one that was built, as on every board", () => {
    expect(system.coreHash).toBe(coreHash());
  });

  test("both scan, the direct one without any exit", async () => {
    const scans = (name: string): bigint => system.partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;
    const { sinceReady } = system.partition("direct");
    await system.until("1000 scans of both", () => ["injected", "direct"].every((name) => scans(name) > 1000n));
    await system.until("exits of the injected one", () => (system.partition("injected").sinceReady.exits ?? 0) > 0);
    await system.until("a second of the direct one", () => sinceReady.time > 1_000_000_000n);
    expect(sinceReady.exits).toBe(0);
  });

  test("commands come by the UART: both stop, and start again", async () => {
    for (const name of ["injected", "direct"]) {
      await system.session.link.command(system.index(name), "restart");
      await system.until(`${name} restarted`, () => system.partition(name).telemetry?.restarts === 1);
    }
    const seen = (system.partition("direct").tag(plcAbi.PLC_TAG_SCANS) ?? 0n) + 100n;
    await system.until("scans", () => (system.partition("direct").tag(plcAbi.PLC_TAG_SCANS) ?? 0n) > seen);
  });

  test("nothing of it has failed", async () => {
    await system.until("every check", () => health().every(({ verdict }) => verdict !== "pending"));
    expect(health().filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(allPassed(health())).toBe(true);
  });
});
