// Debian 13's unmodified riscv64 kernel as a guest with direct interrupts, from its first instruction to power-off: how often it
// comes to the hypervisor, and for what. (issue: ≤ 40 besides its console and its interrupt controller's set-up.)
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import * as abi from "../../core/abi.ts";
import { riscv64Linux } from "../linux/riscv64.ts";
import { imageOf } from "./riscv64Board.ts";
import { linuxSystem } from "./riscv64Linux.ts";
import type { LinuxSpec } from "./riscv64Linux.ts";
import { Riscv64System } from "./riscv64System.ts";

/** Emulated, a kernel takes its time: five seconds on an idle machine. */
const PATIENCE_MS = 250_000;
const EXITS_MAX = 40;
const LINUX = 0;

const SCRIPT = `
/bin/busybox mount -t proc proc /proc
echo "axv: harts=$(/bin/busybox nproc)"
/bin/busybox grep ttyS0 /proc/interrupts
/bin/busybox poweroff -f`;

let system: Riscv64System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

async function boot(spec: Pick<LinuxSpec, "harts" | "plc">): Promise<Riscv64System> {
  const { kernel, busybox } = await riscv64Linux();
  const contents = linuxSystem({
    ...spec, kernel: readFileSync(kernel), busybox: readFileSync(busybox), script: SCRIPT, bootargs: "panic=1 quiet",
  });
  return (system = await Riscv64System.start(await imageOf(contents), { harts: contents.harts, memory: "1G", realTime: true }));
}

test("on one hart: a shell script runs, by its console's interrupt, and powers it off", async () => {
  const booted = await boot({ harts: 1 });
  await booted.until("power-off", () => booted.partitions.get(LINUX)?.state === "off", PATIENCE_MS);
  expect(booted.printed).toContain("axv: harts=1");
  expect(Number(/: +(\d+) +APLIC-MSI.* 64 Edge .*ttyS0/.exec(booted.printed)?.[1])).toBeGreaterThan(0);
  const stops = booted.events.filter(({ code }) => code === abi.EVENT_STOPPED).map(({ a }) => a);
  expect(stops).toEqual([BigInt(abi.STOP_SYSTEM_OFF)]);
  const exits = booted.vcpus.get(1)?.exits.map(Number) ?? [];
  const others = exits.filter((_, cause) => cause !== abi.EXIT_CONSOLE && cause !== abi.EXIT_CONTROLLER);
  expect(others.reduce((sum, count) => sum + count, 0), exits.join(" ")).toBeLessThanOrEqual(EXITS_MAX);
  expect(exits[abi.EXIT_FAULT]).toBe(0);
}, PATIENCE_MS + 60_000);
