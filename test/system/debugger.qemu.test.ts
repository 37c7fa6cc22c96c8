// What only a debugger can do to the hypervisor: step through its AssemblyScript at EL2, and make it read where it must not.
import { afterEach, beforeEach, expect, test } from "vitest";
import * as plcAbi from "../../rtos-guests/plc/abi.ts";
import { BootedSystem } from "./bootedSystem.ts";
import { freePort, gdb } from "./gdb.ts";
import { twoPlcs } from "./systems.ts";

/** Linear memory begins here in the hypervisor's address space (tools/build/programs.ts, LINEAR_BASE). */
const WINDOW = 0x40_0000_0000n;
/** In the window, and far above the pages that are mapped. */
const OUTSIDE = 0x7ff0_0000n;

let system: BootedSystem;
let port: number;
beforeEach(async () => {
  port = await freePort();
  system = await BootedSystem.boot("debugger", twoPlcs(), { qemu: ["-gdb", `tcp:127.0.0.1:${port}`] });
});
afterEach(async () => system?.stop());

const scans = (name: string): bigint => system.partition(name).tag(plcAbi.PLC_TAG_SCANS) ?? 0n;

test("gdb breaks in an interrupt, shows the AssemblyScript, and steps through it", async () => {
  await system.until("scans", () => scans("first") > 10n);
  const said = await gdb(port, system.plan.image.base, [
    "hbreak trapIrq",
    "continue",
    "info line",
    "next",
    "frame",
    "delete",
    "detach",
  ]);
  expect(said).toMatch(/Breakpoint \d+, trapIrq \(/);
  expect(said).toMatch(/at arch\/aarch64\/(index|irq)\.ts:\d+/);
  expect(said).toMatch(/Line \d+ of "(core|arch\/aarch64)\/\w+\.ts"/);
});

test("a read outside linear memory at EL2 faults in the guard window, and hurts the one partition only", async () => {
  await system.until("scans of both", () => scans("first") > 10n && scans("second") > 10n);
  // trapIrq's one argument is the offset of the Vcpu: a wild one.
  await gdb(port, system.plan.image.base, ["hbreak trapIrq", "continue", `set $x0 = ${OUTSIDE}`, "delete", "detach"]);
  await system.line("axv", /PANIC in the hypervisor on pCPU/);
  const report = await system.line("axv", /FAR_EL2/);
  const far = BigInt(/FAR_EL2 (0x[0-9a-f]+)/.exec(report)?.[1] ?? "0");
  expect(far).toBeGreaterThanOrEqual(WINDOW + OUTSIDE);
  expect(far).toBeLessThan(WINDOW + OUTSIDE + 0x1000n);
  // EC 0x25: a data abort at the same level.
  expect(BigInt(/ESR_EL2 (0x[0-9a-f]+)/.exec(report)?.[1] ?? "0") >> 26n).toBe(0x25n);

  const victim = /pCPU 0x[0-9a-f]*?([0-9a-f]) ?$/m.exec((await system.line("axv", /PANIC/)).trim())?.[1];
  const survivor = victim === "1" ? "second" : "first";
  const before = scans(survivor);
  await system.until("the other partition going on", () => scans(survivor) > before + 500n);
  expect(system.partition(survivor).held).toBe(0n);
});
