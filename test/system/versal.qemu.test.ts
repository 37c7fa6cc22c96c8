// The demo's system on a board that is nothing like `virt`: QEMU's Versal has its RAM from 0, everything else elsewhere, other
// interrupts, and two pCPUs, one for Linux, one for the PLC guest. The core is the same, byte for byte.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { allPassed } from "../../tools/run/checks.ts";
import type { Check } from "../../tools/run/checks.ts";
import { judgeDemo } from "../../tools/run/demo-checks.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { coreHash } from "./coreHash.ts";
import { demo, INTERRUPTS } from "./systems.ts";

describe.each(INTERRUPTS)("Debian Linux beside the PLC guest on xlnx-versal-virt, its interrupts %s", (interrupts) => {
  let system: BootedSystem;
  let checks: () => Check[];
  beforeAll(async () => {
    system = await BootedSystem.boot("versal", demo("xlnx-versal-virt", interrupts));
    checks = judgeDemo(system.session);
  });
  afterAll(async () => system?.stop());

  test("the core is the one that was built, as on every board", () => {
    expect(system.coreHash).toBe(coreHash());
  });

  test("all of the demo's checks pass", async () => {
    await system.until("every check", () => checks().every(({ verdict }) => verdict !== "pending"));
    expect(checks().filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(allPassed(checks())).toBe(true);
    expect(checks()).toHaveLength(interrupts === "direct" ? 14 : 13);
  });

  test("`reboot` restarts Linux's partition, and the PLC guest goes on", async () => {
    await system.line("linux", /linux:\/#/);
    const { exits } = system.partition("plc");
    const seen = system.said("linux").length;
    system.type("linux", "reboot\n");
    await system.line("linux", /^axv: linux=.*cpus=1 disk=ok net=ok channel=ok/, seen);
    const plc = checks().filter(({ name }) => name.startsWith("plc "));
    expect(plc.filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    if (interrupts === "direct") expect(system.partition("plc").exits).toEqual(exits);
  });
});
